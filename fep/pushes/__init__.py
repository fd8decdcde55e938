"""Pushed debits 实时划拨: newly loaded bills are pushed to the banks of their mandates."""
