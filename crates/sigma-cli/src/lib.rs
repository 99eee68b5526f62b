//! The shared skin of the SigmaSight tools: arguments, output, exit codes
