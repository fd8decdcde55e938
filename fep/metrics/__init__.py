"""Metrics 监控指标: what the running daemon tells Prometheus and a load balancer, on a thread of its own."""
