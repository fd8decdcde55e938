/* The wall clock of one process, off by as many seconds as stand in the file FEP_TEST_CLOCK; loaded by LD_PRELOAD.
   The monotonic clock, and whatever waits by it, is the system's own, as when date or NTP sets a machine's clock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *offset_s;
static int (*true_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FEP_TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *found = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset_s, PROT_READ, MAP_SHARED, file, 0);
    true_clock = dlsym(RTLD_NEXT, "clock_gettime");
    if (found == MAP_FAILED || !true_clock)
        _exit(127);
    close(file);
    offset_s = found;
}

int clock_gettime(clockid_t clock, struct timespec *moment)
{
    int failed = true_clock(clock, moment);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        moment->tv_sec += *offset_s;
    return failed;
}

int gettimeofday(struct timeval *moment, void *zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    moment->tv_sec = now.tv_sec;
    moment->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *moment)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    if (moment)
        *moment = now.tv_sec;
    return now.tv_sec;
}
