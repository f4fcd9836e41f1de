"""What Linux kernels write: the frames of their lines, what the messages mean, Xid classes."""
