// SPDX-License-Identifier: Apache-2.0
#include "intake/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "intake/csv_rows.h"

namespace clinnova::intake {
namespace {

constexpr std::size_t kRawLimit = 4096;

// A field that does not follow its rule.
struct BadField {
  std::string_view rule;
  std::string column;
  std::string message;
};

// One file being read: the mapping bound to the file's columns, and the present row.
class CsvFile {
 public:
  CsvFile(const std::filesystem::path& path, const Mapping& mapping, RecordSink& sink)
      : name_(path.string()), mapping_(mapping), sink_(sink) {}

  Result<void> Read(CsvRows& rows);

 private:
  Result<void> ReadHeader(CsvRows& rows);
  Result<void> Bind(std::span<const std::string_view> names, std::uint64_t line);
  Result<void> ReadRow(CsvRows& rows);
  Result<void> RejectRow(const CsvRows& rows, std::string_view rule, std::string message);
  bool TakeCells(const CsvRows& rows, std::string& problem);

  Result<bool> MakeRecord(const RecordRule& rule, const CsvRows& rows);
  bool Holds(const RecordRule& rule) const;
  bool FillText(const TextRule& rule, std::string& text, bool* translated = nullptr) const;
  bool FillCode(const CodeRule& rule, SourceCode& code) const;
  void FillCodes(const RecordRule& rule, SourceRecord& record) const;
  bool FillValue(const ValueRule& rule, SourceRecord& record);
  void FillNumber(const ValueRule& rule, const std::string& text, SourceValue& value);
  void FillDate(const DateRule& rule, std::optional<SourceTime>& time);
  bool FillSubject(const RecordRule& rule, SourceRecord& record);
  void Complain(std::string_view rule, const TextRule& at, std::string message);
  std::string ColumnOf(const TextRule& rule) const;

  std::string name_;
  const Mapping& mapping_;  // not owned, outlives this
  RecordSink& sink_;        // not owned, outlives this
  std::size_t field_count_ = 0;
  std::vector<std::size_t> positions_;   // of mapping_.columns in the file
  std::vector<std::string_view> cells_;  // of mapping_.columns in the present row; empty = missing
  std::vector<std::string> decoded_;
  std::optional<BadField> bad_;  // of the record being made
  mutable std::string scratch_;
};

Result<void> CsvFile::Read(CsvRows& rows) {
  if (rows.has_utf8_mark() && mapping_.encoding != Encoding::kUtf8) {
    return Fail(ErrorCode::kInvalidInput, name_ +
                                              ": found the byte order mark of UTF-8, expected " +
                                              std::string(EncodingName(mapping_.encoding)));
  }
  CLINNOVA_TRY(ReadHeader(rows));
  while (true) {
    CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
    if (step == CsvRows::Step::kEnd) return {};
    if (step == CsvRows::Step::kRow) {
      CLINNOVA_TRY(ReadRow(rows));
    } else {
      CLINNOVA_TRY(RejectRow(rows, rows.rule(), rows.message()));
    }
  }
}

Result<void> CsvFile::ReadHeader(CsvRows& rows) {
  if (!mapping_.header.empty()) {
    const std::vector<std::string_view> names(mapping_.header.begin(), mapping_.header.end());
    return Bind(names, 0);
  }
  CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
  if (step != CsvRows::Step::kRow) {
    return Fail(ErrorCode::kInvalidInput,
                name_ + ":1: found no header line, expected the columns' names");
  }
  std::vector<std::string> decoded(rows.fields().size());
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    if (DecodeToUtf8(mapping_.encoding, rows.fields()[i], decoded[i])) {
      return Fail(ErrorCode::kInvalidInput,
                  name_ + ":" + std::to_string(rows.line()) + ": the header is not " +
                      std::string(EncodingName(mapping_.encoding)) + " text");
    }
    names.push_back(TrimText(decoded[i]));
  }
  return Bind(names, rows.line());
}

Result<void> CsvFile::Bind(std::span<const std::string_view> names, std::uint64_t line) {
  field_count_ = names.size();
  const std::string where = name_ + (line == 0 ? "" : ":" + std::to_string(line)) + ": ";
  for (const std::string& column : mapping_.columns) {
    const auto count = std::ranges::count(names, column);
    if (count != 1) {
      return Fail(ErrorCode::kInvalidInput,
                  where + (count == 0 ? "found no column \"" : "found twice the column \"") +
                      column + "\", expected once by " + mapping_.name);
    }
    positions_.push_back(
        static_cast<std::size_t>(std::ranges::find(names, column) - names.begin()));
  }
  cells_.resize(positions_.size());
  decoded_.resize(positions_.size());
  return {};
}

Result<void> CsvFile::RejectRow(const CsvRows& rows, std::string_view rule, std::string message) {
  RejectedRecord rejected;
  rejected.source = {name_, rows.line(), ""};
  rejected.rule = std::string(rule);
  rejected.message = std::move(message);
  // Raw bytes of another encoding would not survive as text: kept readable, as UTF-8.
  const std::string_view raw = rows.raw().substr(0, kRawLimit);
  if (DecodeToUtf8(mapping_.encoding, raw, rejected.raw)) {
    rejected.raw.clear();
    for (char c : raw)
      rejected.raw +=
          static_cast<unsigned char>(c) < 128 && c != 0 ? std::string(1, c) : "\xEF\xBF\xBD";
  }
  if (rejected.raw.size() > kRawLimit) rejected.raw.resize(kRawLimit);
  return sink_.Reject(std::move(rejected));
}

// Decodes and trims the columns that the mapping uses; a missing word becomes an empty cell.
bool CsvFile::TakeCells(const CsvRows& rows, std::string& problem) {
  const bool ascii = IsAscii(rows.raw());
  const bool decode = mapping_.encoding == Encoding::kDin66003 || !ascii;
  const bool zero = std::memchr(rows.raw().data(), 0, rows.raw().size()) != nullptr;
  if (decode || zero) {
    scratch_.clear();
    if (const auto bad = DecodeToUtf8(mapping_.encoding, rows.raw(), scratch_)) {
      problem = "found byte " + std::to_string(static_cast<unsigned char>(rows.raw()[*bad])) +
                " at " + std::to_string(*bad + 1) + ", expected " +
                std::string(EncodingName(mapping_.encoding)) + " text";
      return false;
    }
  }
  for (std::size_t c = 0; c < positions_.size(); ++c) {
    std::string_view cell = rows.fields()[positions_[c]];
    if (decode && mapping_.encoding != Encoding::kUtf8) {
      decoded_[c].clear();
      DecodeToUtf8(mapping_.encoding, cell, decoded_[c]);
      cell = decoded_[c];
    }
    cell = TrimText(cell);
    for (const std::string& word : mapping_.missing) {
      if (cell == word) cell = {};
    }
    cells_[c] = cell;
  }
  return true;
}

Result<void> CsvFile::ReadRow(CsvRows& rows) {
  if (rows.fields().size() != field_count_) {
    const std::string message = "found " + std::to_string(rows.fields().size()) +
                                " fields, expected " + std::to_string(field_count_);
    rows.ResumeAfterFirstLine();
    return RejectRow(rows, "csv.field_count", message);
  }
  std::string problem;
  if (!TakeCells(rows, problem)) return RejectRow(rows, "csv.encoding", std::move(problem));
  for (const RecordRule& rule : mapping_.records) {
    CLINNOVA_ASSIGN(const bool go_on, MakeRecord(rule, rows));
    if (!go_on) return {};
  }
  return {};
}

bool CsvFile::Holds(const RecordRule& rule) const {
  const auto has = [](const std::vector<std::string>& words, std::string_view cell) {
    return std::ranges::find(words, cell) != words.end();
  };
  return std::ranges::all_of(rule.when, [&](const Condition& condition) {
    const std::string_view cell = cells_[static_cast<std::size_t>(condition.column)];
    if (has(condition.not_equals, cell)) return false;
    if (!condition.equals.empty()) return has(condition.equals, cell);
    return !condition.not_equals.empty() || !cell.empty();
  });
}

// False when a column of the rule is missing; `translated` says whether `values` had the word.
bool CsvFile::FillText(const TextRule& rule, std::string& text, bool* translated) const {
  text.clear();
  for (const TextRule::Piece& piece : rule.pieces) {
    if (piece.column < 0) {
      text += piece.fixed;
      continue;
    }
    const std::string_view cell = cells_[static_cast<std::size_t>(piece.column)];
    if (cell.empty()) {
      text.clear();
      return false;
    }
    text += cell;
  }
  if (translated != nullptr) *translated = false;
  if (rule.values.empty() || text.empty()) return !text.empty();
  if (const std::string* meaning = rule.Translate(text)) {
    text = *meaning;
    if (translated != nullptr) *translated = true;
  }
  return true;
}

bool CsvFile::FillCode(const CodeRule& rule, SourceCode& code) const {
  bool translated = false;
  const bool has_code = rule.code.given() && FillText(rule.code, code.code, &translated);
  const bool local = has_code && !rule.code.values.empty() && !translated;
  if (!has_code) code.code.clear();
  if (!local) code.system = rule.system;
  if (!FillText(rule.display, code.display)) code.display.clear();
  if (!local && !(rule.version_column.given() && FillText(rule.version_column, code.version))) {
    code.version = rule.version;
  }
  const auto dot = static_cast<std::size_t>(rule.dot_after);
  if (dot > 0 && code.code.size() > dot && code.code.find('.') == std::string::npos)
    code.code.insert(dot, 1, '.');
  return has_code || (!rule.code.given() && !code.display.empty());
}

void CsvFile::FillCodes(const RecordRule& rule, SourceRecord& record) const {
  for (const CodeRule& code_rule : rule.codes) {
    SourceCode code;
    if (FillCode(code_rule, code)) record.codes.push_back(std::move(code));
  }
}

void CsvFile::Complain(std::string_view rule, const TextRule& at, std::string message) {
  if (!bad_) bad_ = BadField{rule, ColumnOf(at), std::move(message)};
}

std::string CsvFile::ColumnOf(const TextRule& rule) const {
  for (const TextRule::Piece& piece : rule.pieces) {
    if (piece.column >= 0) return mapping_.columns[static_cast<std::size_t>(piece.column)];
  }
  return {};
}

void CsvFile::FillNumber(const ValueRule& rule, const std::string& text, SourceValue& value) {
  NumberFormat format = mapping_.number;
  if (rule.decimal) format = {*rule.decimal, ""};
  const auto parsed = ParseNumber(text, format);
  if (parsed && (parsed->rest.empty() || rule.unit_in_value)) {
    value.number = parsed->number;
    value.comparator = std::string(parsed->comparator);
    if (rule.unit_in_value && !parsed->rest.empty()) {
      const std::string* unit = rule.unit.Translate(parsed->rest);
      value.unit = unit != nullptr ? *unit : std::string(parsed->rest);
    }
    return;
  }
  if (std::ranges::find(rule.words, text) != rule.words.end()) return;
  Complain(
      "number.invalid", rule.text,
      "found \"" + text + "\", expected a number with decimal mark \"" + format.decimal + "\"");
}

// False when the value is missing.
bool CsvFile::FillValue(const ValueRule& rule, SourceRecord& record) {
  SourceValue value;
  for (const TextRule::Piece& piece : rule.text.pieces) {
    if (piece.column < 0) {
      value.text += piece.fixed;
      continue;
    }
    const std::string_view cell = cells_[static_cast<std::size_t>(piece.column)];
    if (cell.empty()) return false;
    value.text += cell;
  }
  if (value.text.empty()) return false;
  const std::string* meaning = rule.text.Translate(value.text);
  if (rule.kind == ValueKind::kCode) {
    SourceCode& code = value.coded.emplace();
    if (meaning != nullptr || rule.text.values.empty()) code.system = rule.system;
    code.code = meaning != nullptr ? *meaning : value.text;
    code.display = value.text;
  } else if (rule.kind == ValueKind::kNumber) {
    if (!FillText(rule.unit, value.unit)) value.unit.clear();
    FillNumber(rule, meaning != nullptr ? *meaning : value.text, value);
  }
  record.source.path = ColumnOf(rule.text);
  record.value = std::move(value);
  return true;
}

void CsvFile::FillDate(const DateRule& rule, std::optional<SourceTime>& time) {
  if (!rule.text.given() || !FillText(rule.text, scratch_)) return;
  const DatePattern& pattern = rule.pattern ? *rule.pattern : *mapping_.date;
  time = pattern.Read(scratch_);
  if (!time) {
    Complain("date.invalid", rule.text,
             "found \"" + scratch_ + "\", expected a date as " + pattern.text());
  }
}

// What a record says apart from who and which; false when the source says nothing.
bool CsvFile::FillSubject(const RecordRule& rule, SourceRecord& record) {
  if (rule.value && !FillValue(*rule.value, record)) return false;
  FillCodes(rule, record);
  if (!rule.codes.empty() && record.codes.empty()) return false;
  FillDate(rule.start, record.start);
  FillDate(rule.end, record.end);
  FillDate(rule.birth, record.birth);
  FillText(rule.sex, record.sex);
  FillText(rule.type, record.type);
  FillText(rule.route, record.route);
  const bool has_status = FillText(rule.status, record.status);
  if (rule.quantity.given() && FillText(rule.quantity, scratch_)) {
    const auto quantity = ParseNumber(scratch_, mapping_.number);
    if (quantity && quantity->rest.empty())
      record.quantity = quantity->number;
    else
      Complain("number.invalid", rule.quantity, "found \"" + scratch_ + "\", expected a number");
  }
  const bool dated = rule.kind == RecordKind::kVisit || rule.kind == RecordKind::kDeath;
  if (dated && rule.when.empty() && !record.start && !bad_) return false;
  return rule.kind != RecordKind::kConsent || has_status;
}

// False when the rest of the row has no use: it names no patient.
Result<bool> CsvFile::MakeRecord(const RecordRule& rule, const CsvRows& rows) {
  if (!Holds(rule)) return true;
  bad_.reset();
  SourceRecord record;
  record.kind = rule.kind;
  record.source.file = name_;
  record.source.line = rows.line();
  if (!FillSubject(rule, record)) return true;
  if (!FillText(rule.patient, record.patient_id)) {
    CLINNOVA_TRY(RejectRow(rows, "patient.missing",
                           ColumnOf(rule.patient) + ": found nothing, expected a patient"));
    return false;
  }
  if (!FillText(rule.id, record.id))
    Complain("id.missing", rule.id, "found nothing, expected the record's identity");
  if (!FillText(rule.visit, record.visit_id)) record.visit_id.clear();
  if (bad_) {
    CLINNOVA_TRY(RejectRow(rows, bad_->rule, bad_->column + ": " + bad_->message));
    return true;
  }
  CLINNOVA_TRY(sink_.Accept(std::move(record)));
  return true;
}

}  // namespace

Result<void> ReadCsv(const std::filesystem::path& path, const Mapping& mapping, RecordSink& sink) {
  CLINNOVA_ASSIGN(
      CsvRows rows,
      CsvRows::Open({.path = path, .delimiter = mapping.delimiter, .quote = mapping.quote}));
  return CsvFile(path, mapping, sink).Read(rows);
}

}  // namespace clinnova::intake
