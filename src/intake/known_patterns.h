// SPDX-License-Identifier: Apache-2.0
// What a reader has met that its records say alike, and the sink's patterns (source_record.h) of it.
//
//   const RecordPattern* pattern = known.Find(key, sink, [&] { return ReadSample(); });
//   if (pattern == nullptr) …   // the record has to be made as a whole
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "intake/source_record.h"

namespace clinnova::intake {

/// Of one file. One thread at a time.
class KnownPatterns {
 public:
  /// The pattern of the records that have the `key`; null while these are few, and where there is none. `make` gives a sample
  /// (std::optional<SourceRecord>), or nothing when this record does not make one.
  template <typename Make>
  const RecordPattern* Find(const std::string& key, RecordSink& sink, Make make) {
    if (last_ != nullptr && last_->first == key && last_->second.pattern)
      return last_->second.pattern;
    const auto found = known_.find(key);
    if (found == known_.end()) {
      if (known_.size() < kMostCounted) known_.emplace(key, Known{.records = 1});
      return nullptr;
    }
    last_ = &*found;
    Known& known = found->second;
    if (known.pattern != nullptr || full_ || known.records == kMostTried) return known.pattern;
    if (++known.records < kWorthIt) return nullptr;
    if (std::optional<SourceRecord> sample = make()) {
      known.pattern = sink.KeepPattern(*std::move(sample));
      full_ = known.pattern == nullptr;
    }
    return known.pattern;
  }
  /// The sink keeps no more.
  bool full() const { return full_; }

 private:
  /// Records alike before they are worth a pattern, so that many small files do not make as many; and before it is given up.
  static constexpr int kWorthIt = 8, kMostTried = 64;
  static constexpr std::size_t kMostCounted = 4096;

  struct Known {
    int records = 0;  ///< that were like this, while there is no pattern
    const RecordPattern* pattern = nullptr;
  };
  std::unordered_map<std::string, Known> known_;
  std::pair<const std::string, Known>* last_ = nullptr;  ///< of `known_`
  bool full_ = false;
};

}  // namespace clinnova::intake
