"""Traces 链路追踪: where the time of a request goes, one span for each of its stages."""
