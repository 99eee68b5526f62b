//! Market data from services and folders of files
