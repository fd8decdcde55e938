"""A soak run 耐久测试: a week of banks at work in an hour, and nothing that grows."""
