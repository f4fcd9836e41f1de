"""One adapter a framework; each builds the framework's own kind of callback when it is asked."""
