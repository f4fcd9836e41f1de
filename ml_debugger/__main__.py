"""`python -m ml_debugger` is `diagnostic`."""

from ml_debugger.launch import main

if __name__ == "__main__":
    main()
