/* A wall clock that runs ahead 可调系统时钟, loaded before a process of a soak run (LD_PRELOAD).
 *
 * Nothing of the product knows of it: what it calls to learn the date answers with the time of the machine and the
 * microseconds that the file named by SOAK_CLOCK holds. All processes map the one file, so that they agree in every
 * moment. Monotonic clocks, sleeps and time limits are the machine's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead_us;
static int (*machine_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("SOAK_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    machine_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *ahead_us, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        ahead_us = mapped;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!machine_clock) /* called by another library's constructor, before ours */
        machine_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = machine_clock(clock, now);
    if (!failed && ahead_us && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ahead = *ahead_us, ns = now->tv_nsec + ahead % 1000000 * 1000;
        now->tv_sec += ahead / 1000000 + ns / 1000000000;
        now->tv_nsec = ns % 1000000000;
    }
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where) {
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    if (where)
        *where = exact.tv_sec;
    return exact.tv_sec;
}
