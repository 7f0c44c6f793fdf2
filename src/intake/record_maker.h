// SPDX-License-Identifier: Apache-2.0
// Makes the records that a mapping (mapping.h) says of one row, whichever format the row came from:
// a line of a CSV file, a result of a laboratory message, a node of a graph. A reader finds the
// rows, this says what they mean.
//
//   RecordMaker maker(file_name, mapping, sink);
//   NamedCells cells(mapping);
//   cells.Set("8410", "CRP");
//   cells.Set("8420", "12,4");
//   CLINNOVA_TRY(maker.Make({.type = "result", .cells = cells.cells(), .line = 17, .raw = line}));
//
// What the sink's Reject gets, by rule: patient.missing, id.missing (a record without identity),
// number.invalid, date.invalid, date.ambiguous (a field that does not follow the mapping).
// Thread rule: one object is used by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "intake/known_patterns.h"
#include "intake/mapping.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// One row of a source.
struct SourceRow {
  std::string_view type;  ///< which record rules it is for; empty for CSV
  std::span<const std::string_view> cells =
      {};  ///< of Mapping::columns, UTF-8, trimmed; empty = missing
  std::uint64_t line = 0;
  std::string_view path = {};  ///< where a source has no lines
  std::string_view raw = {};   ///< for quarantine: no name of a patient
  Encoding raw_encoding = Encoding::kUtf8;
};

/// The cells of a row whose columns have names but no order. What the mapping does not use is
/// passed over, its missing words become empty cells; a name that is set twice keeps both texts, a
/// line each.
class NamedCells {
 public:
  /// `mapping` is not owned and outlives this.
  explicit NamedCells(const Mapping& mapping);

  void Clear();
  void Set(std::string_view column, std::string_view text);
  /// Whether the mapping uses the column.
  bool Uses(std::string_view column) const { return positions_.contains(column); }
  /// Valid until the next Clear or Set.
  std::span<const std::string_view> cells();

 private:
  const Mapping& mapping_;
  std::map<std::string, std::size_t, std::less<>> positions_;
  std::vector<std::string> texts_;
  std::vector<std::string_view> cells_;
};

/// One file's rows to records.
class RecordMaker {
 public:
  /// `mapping` and `sink` are not owned and outlive the maker; `file` is what records call the
  /// file.
  RecordMaker(std::string file, const Mapping& mapping, RecordSink& sink);

  /// Hands the row's records to the sink, those that do not follow the mapping as rejected; gives
  /// how many both are. The sink's errors are passed on.
  Result<int> Make(const SourceRow& row);

  /// Quarantines the row as a whole.
  Result<void> Reject(const SourceRow& row, std::string_view rule, std::string message);

  const std::string& file() const { return file_; }

 private:
  // A field that does not follow its rule.
  struct BadField {
    std::string_view rule;
    std::string column;
    std::string message;
  };
  enum class Outcome { kNothing, kRecord, kNoPatient };

  /// The patterns (source_record.h) of one rule's records.
  struct Patterns {
    bool possible = false;
    std::vector<int> columns;  ///< whose cells make the pattern
    KnownPatterns known;
  };

  Result<Outcome> MakeOne(const RecordRule& rule, Patterns& patterns, const SourceRow& row);
  Patterns PatternsOf(const RecordRule& rule) const;
  const RecordPattern* FindPattern(const RecordRule& rule, Patterns& patterns,
                                   std::string_view comparator);
  Result<bool> MakePatterned(const RecordRule& rule, Patterns& patterns, const SourceRow& row);
  void Begin(const RecordRule& rule, SourceRecord& record) const;
  bool Holds(const RecordRule& rule) const;
  bool IsMissing(const TextRule& rule) const;
  bool FillPieces(const TextRule& rule, std::string& text) const;
  bool FillText(const TextRule& rule, std::string& text, bool* translated = nullptr) const;
  std::string_view TextOf(const TextRule& rule, std::string& text) const;
  bool FillCode(const CodeRule& rule, SourceCode& code) const;
  void FillCodes(const RecordRule& rule, SourceRecord& record) const;
  bool FillValue(const ValueRule& rule, SourceRecord& record);
  void FillNumber(const ValueRule& rule, const std::string& text, SourceValue& value);
  void FillLimit(const ValueRule& rule, const TextRule& text, std::optional<double>& limit);
  void FillDate(const DateRule& rule, std::optional<SourceTime>& time);
  void ReadDate(const DateRule& rule, std::optional<SourceTime>& time);
  void MoveDate(const DateRule& rule, std::optional<SourceTime>& time);
  bool FillSubject(const RecordRule& rule, SourceRecord& record);
  void FillHidden(SourceRecord& record) const;
  void Complain(std::string_view rule, const TextRule& at, std::string message);
  std::string_view ColumnOf(const TextRule& rule) const;
  std::string_view Cell(int column) const { return cells_[static_cast<std::size_t>(column)]; }

  std::string file_;
  const Mapping& mapping_;                   // not owned, outlives this
  RecordSink& sink_;                         // not owned, outlives this
  std::span<const std::string_view> cells_;  // of the present row
  std::optional<BadField> bad_;              // of the record being made
  std::string scratch_;
  std::vector<Patterns> patterns_;  // by rule
  struct {
    std::string key, id, patient_id, visit_id, value;
  } patterned_;  // of the record being made
  /// The last date that was read: a wide row's records have one, and rows often follow each other by their day.
  struct {
    const std::vector<DatePattern>* patterns = nullptr;
    std::string text;
    SourceTime time;
  } last_date_;
};

}  // namespace clinnova::intake
