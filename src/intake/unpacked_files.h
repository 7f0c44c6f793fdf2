// SPDX-License-Identifier: Apache-2.0
// Compressed exports, unpacked for the readers: gzip (RFC 1952, several members too) and Zstandard (RFC 8878).
//
//   UnpackedFiles unpacked("site");
//   auto path = unpacked.Unpack("labor.csv.gz", "labor.csv.gz");     // a Result: "site/unpacked.123/0/labor.csv"
//
// The copies hold patients' data: they lie in a folder of the site's own, open to its owner alone, and go with this
// object. Memory does not grow with a file's size. Thread rule: one thread at a time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.h"

namespace clinnova::intake {

/// Whether a file that begins so is compressed in one of the ways above.
bool LooksCompressed(std::string_view head);

class UnpackedFiles {
 public:
  /// Copies will lie in a new folder below `folder`, which is made with the first of them.
  explicit UnpackedFiles(std::filesystem::path folder) : parent_(std::move(folder)) {}
  ~UnpackedFiles();
  UnpackedFiles(const UnpackedFiles&) = delete;
  UnpackedFiles& operator=(const UnpackedFiles&) = delete;

  /// The path of the copy, whose name is that of `path` without its ".gz", ".zst" or ".zstd". kInvalidInput: the
  /// file is cut or damaged; kFailed: it cannot be read, or the copy not written. `name` is for messages.
  Result<std::filesystem::path> Unpack(const std::filesystem::path& path, const std::string& name);

 private:
  Result<std::filesystem::path> NewFolder();

  std::filesystem::path parent_;
  std::filesystem::path folder_;  // empty until the first copy
  int count_ = 0;
};

}  // namespace clinnova::intake
