"""The front-end processor 前置机: reactor, sockets, configuration, clock and command line."""
