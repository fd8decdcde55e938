"""The commands ``fep push …`` 实时划拨."""
