// SPDX-License-Identifier: Apache-2.0
// A mapping file: which column of an export becomes what. TOML, written and read by a data manager;
// docs/csv-mapping.md is its manual. A folder mappings/<dialect>/ holds one file per source table. What a
// column is called in a format that is no table, docs/import.md says: "8410" of a laboratory message.
//
//   [file]
//   pattern = "visits*.csv"          # of the file's name; * and ? stand for characters
//   delimiter = ";"
//   encoding = "UTF-8"
//   decimal = ","
//   date = "dd/mm/yyyy"
//   missing = ["NA", "ND"]           # besides the empty field
//   patient = "subject_id"
//
//   [[record]]                       # as many as one row becomes
//   kind = "measurement"
//   id = "{subject_id}/{event}/crp"
//   code = { system = "LOINC", code = "1988-5", display = "CRP" }
//   value = { column = "crp", unit = "mg/L" }
//   start = "visit_date"
//
//   CLINNOVA_ASSIGN(std::vector<Mapping> dialect, LoadDialect("mappings/lu-ecrf"));
//   const Mapping* mapping = FindMapping(dialect, "visits_2024.csv");
//
// Every key is checked: an unknown one is an error naming file, line and key.
// Thread rule: values; const use from any number of threads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intake/encoding.h"
#include "intake/local_text.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// A text made of a row: fixed pieces and columns in order. "{a}/{b}" is column a, "/", column b. It is
/// missing for a row when one of its columns is.
struct TextRule {
  struct Piece {
    std::string fixed;
    int column = -1;  ///< index into Mapping::columns; -1 = fixed text
  };
  std::vector<Piece> pieces;  ///< empty = the mapping says nothing
  /// Source word -> meaning; a word that is not there stays as it is.
  std::vector<std::pair<std::string, std::string>> values;
  std::vector<TextRule> otherwise;  ///< the first that is not missing counts where `pieces` is

  bool given() const { return !pieces.empty(); }
  /// The meaning of `word`, or nothing when `values` does not have it.
  const std::string* Translate(std::string_view word) const;
};

struct DateRule {
  TextRule text;
  std::vector<DatePattern> patterns;  ///< the first that fits counts; none = the file's
  TextRule plus_days, minus_days;     ///< whole numbers: a day that is told as days from another
  std::vector<DateRule> otherwise;    ///< the first whose text is not missing counts
};

/// One code. Where `code.values` is given, it turns the source's words into codes of `system`; a word
/// that is not there is a local code (no system), for the site's own code table.
struct CodeRule {
  std::string system;
  TextRule system_column;  ///< wins over `system`
  std::string version;
  TextRule code;
  TextRule display;
  TextRule version_column;  ///< wins over `version`
  int dot_after = 0;        ///< French ICD-10 comes without its dot: 3 makes M058 M05.8
};

enum class ValueKind { kNumber, kCode, kText };

struct ValueRule {
  ValueKind kind = ValueKind::kNumber;
  TextRule text;  ///< for kCode, `values` holds the codes
  TextRule unit;
  TextRule low, high;                  ///< limits of what is normal, in the value's unit
  bool unit_in_value = false;          ///< "12 mg/L": what follows the number is the unit
  std::string system;                  ///< of a coded answer
  std::vector<std::string> words;      ///< kept as text where a number is expected: "n.n.", "neg."
  bool or_text = false;                ///< every text is, where it is no number
  std::optional<NumberFormat> number;  ///< where one column differs from the file
};

/// The record is made only where `column` holds one of `equals` (or, without it, holds anything),
/// and none of `not_equals`.
struct Condition {
  int column = -1;  ///< index into Mapping::columns; -1 = always
  std::vector<std::string> equals;
  std::vector<std::string> not_equals;
};

/// What one row becomes: one SourceRecord, where its value, its code or (a death, a visit, a consent)
/// its date is not missing.
struct RecordRule {
  RecordKind kind = RecordKind::kObservation;
  std::string per;  ///< the type of row that it is made of (SourceRow::type)
  TextRule id, patient, visit;
  TextRule sex;
  DateRule birth;
  std::vector<CodeRule> codes;
  std::optional<ValueRule> value;
  DateRule start, end;
  TextRule status, type, route, quantity;
  std::vector<Condition> when;  ///< all must hold
};

/// What a mapping is for. The names are those that the mapping writes: "csv", "ldt2", ….
enum class SourceFormat { kCsv, kLdt2, kLdt3, kHprim, kRedcap, kOpenEhr, kSphn };

std::string_view SourceFormatName(SourceFormat format);

/// One source table's mapping.
class Mapping {
 public:
  /// Reads a mapping file. kInvalidInput with file, line and key for what is not TOML, an unknown or
  /// missing key, a wrong type, an unknown word or a bad pattern; kFailed when the file cannot be read.
  static Result<Mapping> Load(const std::filesystem::path& path);
  /// The same from text; `name` stands in messages.
  static Result<Mapping> Parse(std::string_view toml, std::string_view name);

  /// Whether a file of this name (without folders) is of this table; letters' case does not count.
  bool Matches(std::string_view file_name) const;

  std::string name;  ///< of the mapping file, for messages
  std::string pattern;
  SourceFormat format = SourceFormat::kCsv;
  char delimiter = ',';
  char quote = '"';  ///< 0 = quotes are ordinary characters
  Encoding encoding = Encoding::kUtf8;
  NumberFormat number;
  std::vector<DatePattern> dates;    ///< the first that fits counts
  std::vector<std::string> missing;  ///< words; the empty field is always missing
  std::vector<std::string> header;   ///< the columns of a file without a header line; else empty
  std::vector<std::string> columns;  ///< every column that the rules use, once
  std::vector<int> hide;             ///< of them, those that hold a patient's names and numbers
  std::vector<RecordRule> records;
};

/// Every *.toml of a folder, in the order of their names, and behind them the compiled-in dialects that its file
/// dialect.toml names: with = ["fr-csv"]. kInvalidInput when there is none or one of them is wrong; two mappings
/// of one format with the same pattern are an error.
Result<std::vector<Mapping>> LoadDialect(const std::filesystem::path& folder);

/// A dialect that is compiled in, such as "ch-csv"; kInvalidInput lists those there are.
Result<std::vector<Mapping>> LoadEmbeddedDialect(std::string_view name);

/// The first mapping of the format whose pattern fits `file_name`, or null. Not owned: points into
/// `dialect`.
const Mapping* FindMapping(const std::vector<Mapping>& dialect, std::string_view file_name,
                           SourceFormat format = SourceFormat::kCsv);

}  // namespace clinnova::intake
