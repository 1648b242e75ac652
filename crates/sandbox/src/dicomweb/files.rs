//! The folder of files: a file per stored instance, never written over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::address::Address;

/// The folder below which files are kept.
#[derive(Debug, Clone)]
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    pub(super) fn below(folder: &Path) -> io::Result<Self> {
        let root = folder.join("files");
        fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    /// Keeps the file of the instance as stored at this sequence.
    pub(super) fn write(&self, address: &Address, sequence: i64, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(address, sequence);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes)
    }

    pub(super) fn read(&self, address: &Address, sequence: i64) -> io::Result<Vec<u8>> {
        fs::read(self.path(address, sequence))
    }

    /// Removes the file, and the folders that it leaves empty.
    pub(super) fn remove(&self, address: &Address, sequence: i64) -> io::Result<()> {
        let path = self.path(address, sequence);
        fs::remove_file(&path)?;
        for folder in path.ancestors().skip(1).take_while(|f| *f != self.root) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn path(&self, address: &Address, sequence: i64) -> PathBuf {
        self.root
            .join(&address.partition)
            .join(&address.study)
            .join(&address.series)
            .join(format!("{}_{sequence}.dcm", address.instance))
    }
}
