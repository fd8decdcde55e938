"""Listings 报表输出: tables of a report on a terminal, in a pipe, as CSV and as XLSX, a row at a time."""
