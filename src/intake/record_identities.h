// SPDX-License-Identifier: Apache-2.0
// The keyed hashes that a record's identities become.
//
//   RecordIdentities identities(key);
//   std::int64_t row = identities.RowId(record);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "intake/pseudonym.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// The identifier of the text that was asked for last: records of one file, patient or visit often follow each other.
class LastId {
 public:
  template <typename Make>
  std::int64_t Of(std::string_view text, Make make) {
    if (id_ == 0 || text != text_) {
      text_ = text;
      id_ = make(text);
    }
    return id_;
  }

 private:
  std::string text_;
  std::int64_t id_ = 0;  ///< never one of a text
};

/// What a record says, never about whom: what the quarantine shows, and what a record is known by that has no
/// identity of its own.
std::string Describe(const SourceRecord& record);

/// One thread at a time. Must not outlive the key.
class RecordIdentities {
 public:
  explicit RecordIdentities(const PseudonymKey& key) : key_(&key) {}

  /// The row that a record becomes; versions of one record become one row.
  std::int64_t RowId(const SourceRecord& record);
  std::int64_t RowId(const PatternedRecord& record);
  /// The person_id of a patient under the key.
  std::int64_t PersonId(std::string_view patient_id);
  /// 0 for no visit.
  std::int64_t VisitId(std::string_view visit_id);

 private:
  const PseudonymKey* key_;  // not owned
  LastId patient_, visit_;
};

}  // namespace clinnova::intake
