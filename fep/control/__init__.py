"""Control 控制口: what local operators ask of a running daemon over its socket, and who may ask what."""
