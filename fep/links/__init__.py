"""Links 链路: the banks' connections, from bytes to the gate and back."""
