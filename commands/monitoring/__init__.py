"""What `diagnostic monitor` draws and does at the terminal."""
