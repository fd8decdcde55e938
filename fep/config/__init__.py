"""Configuration 配置: TOML files into plain settings, with everything that is wrong said at once."""
