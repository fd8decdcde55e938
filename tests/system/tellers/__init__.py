"""Tellers of every bank format 各报文格式的柜员: what a bank's program does, each in the words of its own format."""
