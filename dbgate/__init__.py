"""The gate to the billing database 营业数据库: tables, migrations, load, decide, store."""
