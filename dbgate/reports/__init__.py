"""Reports 报表: what auditors ask of the billing databases, one statement for each aggregate, streams for lists."""
