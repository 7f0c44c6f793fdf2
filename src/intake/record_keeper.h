// SPDX-License-Identifier: Apache-2.0
// For tests of readers: a sink that keeps everything that a reader says, days, and files of literal
// bytes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "intake/source_record.h"

namespace clinnova::intake {

class RecordKeeper : public RecordSink {
 public:
  Result<void> Accept(SourceRecord&& record) override {
    records.push_back(std::move(record));
    return {};
  }
  Result<void> Reject(RejectedRecord record) override {
    rejected.push_back(std::move(record));
    return {};
  }
  void Ignore(const SourceReference&, const std::string& what) override { ++ignored[what]; }

  /// The records of one kind, in order.
  std::vector<SourceRecord> Of(RecordKind kind) const {
    std::vector<SourceRecord> found;
    for (const SourceRecord& record : records)
      if (record.kind == kind) found.push_back(record);
    return found;
  }
  /// "rule@line" of each rejected record, in order.
  std::vector<std::string> Rules() const {
    std::vector<std::string> rules;
    for (const RejectedRecord& r : rejected)
      rules.push_back(r.rule + "@" + std::to_string(r.source.line));
    return rules;
  }

  std::vector<SourceRecord> records;
  std::vector<RejectedRecord> rejected;
  std::map<std::string, int> ignored;
};

/// A day as a source says it.
inline SourceTime OnDay(int year, int month, int day) {
  SourceTime time;
  time.year = year;
  time.month = month;
  time.day = day;
  return time;
}

/// A folder for one test's files, gone with it.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "clinnova_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path Write(const std::string& name, std::string_view bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace clinnova::intake
