//! Nothing is lost with the directory: whatever became of it, the next open answers as before.
