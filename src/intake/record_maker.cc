// SPDX-License-Identifier: Apache-2.0
#include "intake/record_maker.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace clinnova::intake {
namespace {

constexpr std::size_t kRawLimit = 4096;

/// Raw bytes that are no text of the encoding are kept readable, as UTF-8.
std::string ReadableRaw(Encoding encoding, std::string_view raw) {
  raw = raw.substr(0, kRawLimit);
  std::string text;
  if (DecodeToUtf8(encoding, raw, text)) {
    text.clear();
    for (const char c : raw)
      text += static_cast<unsigned char>(c) < 128 && c != 0 ? std::string(1, c) : "\xEF\xBF\xBD";
  }
  if (text.size() > kRawLimit) text.resize(kRawLimit);
  return text;
}

/// More days than a life has are a mistake.
constexpr int kMostDays = 50000;

std::optional<int> WholeNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::chrono::sys_days DayOf(const SourceTime& time) {
  return std::chrono::year{time.year} / static_cast<unsigned>(time.month) /
         static_cast<unsigned>(time.day);
}

/// `time` so many days later, to the precision that is left; nothing where not even the year is
/// known.
std::optional<SourceTime> DaysLater(const SourceTime& time, int days) {
  using Precision = SourceTime::Precision;
  SourceTime last = time;
  if (time.precision == Precision::kYear) last.month = 12;
  std::chrono::sys_days end = DayOf(last);
  if (time.precision <= Precision::kMonth) {
    end = std::chrono::year{last.year} / static_cast<unsigned>(last.month) / std::chrono::last;
  }
  const std::chrono::year_month_day from{DayOf(time) + std::chrono::days(days)};
  const std::chrono::year_month_day to{end + std::chrono::days(days)};
  SourceTime moved = time;
  moved.year = static_cast<int>(from.year());
  moved.month = static_cast<int>(static_cast<unsigned>(from.month()));
  moved.day = static_cast<int>(static_cast<unsigned>(from.day()));
  if (time.precision >= Precision::kDay) return moved;
  if (from.year() != to.year()) return std::nullopt;
  const bool one_month = from.month() == to.month() && time.precision == Precision::kMonth;
  moved.precision = one_month ? Precision::kMonth : Precision::kYear;
  moved.day = 1;
  if (!one_month) moved.month = 1;
  return moved;
}

void AddColumns(const TextRule& rule, std::vector<int>& columns) {
  for (const TextRule::Piece& piece : rule.pieces) {
    if (piece.column >= 0) columns.push_back(piece.column);
  }
  for (const TextRule& alternative : rule.otherwise) AddColumns(alternative, columns);
}

/// Whether a record's value is a number in the pattern's unit, without a meaning or limits of its own.
bool IsPlainNumber(const ValueRule& rule) {
  return rule.kind == ValueKind::kNumber && rule.text.values.empty() && !rule.unit_in_value &&
         !rule.low.given() && !rule.high.given();
}

}  // namespace

NamedCells::NamedCells(const Mapping& mapping)
    : mapping_(mapping), texts_(mapping.columns.size()), cells_(mapping.columns.size()) {
  for (std::size_t c = 0; c < mapping.columns.size(); ++c) positions_[mapping.columns[c]] = c;
}

void NamedCells::Clear() {
  for (std::string& text : texts_) text.clear();
}

void NamedCells::Set(std::string_view column, std::string_view text) {
  const auto found = positions_.find(column);
  text = TrimText(text);
  if (found == positions_.end() || text.empty()) return;
  if (std::ranges::find(mapping_.missing, text) != mapping_.missing.end()) return;
  std::string& cell = texts_[found->second];
  if (!cell.empty()) cell += '\n';
  cell += text;
}

std::span<const std::string_view> NamedCells::cells() {
  std::ranges::copy(texts_, cells_.begin());
  return cells_;
}

RecordMaker::RecordMaker(std::string file, const Mapping& mapping, RecordSink& sink)
    : file_(std::move(file)), mapping_(mapping), sink_(sink) {
  for (const RecordRule& rule : mapping.records) patterns_.push_back(PatternsOf(rule));
}

// Possible for events of which nothing but identities, dates and a number is the row's own.
RecordMaker::Patterns RecordMaker::PatternsOf(const RecordRule& rule) const {
  Patterns patterns;
  const bool value =
      !rule.value || rule.value->kind == ValueKind::kCode || IsPlainNumber(*rule.value);
  patterns.possible = IsPlainEvent(rule.kind) && value && mapping_.hide.empty() &&
                      rule.id.given() && rule.start.text.given() && !rule.birth.text.given() &&
                      !rule.quantity.given();
  for (const CodeRule& code : rule.codes) {
    for (const TextRule* text :
         {&code.system_column, &code.code, &code.display, &code.version_column}) {
      AddColumns(*text, patterns.columns);
    }
  }
  for (const TextRule* text : {&rule.sex, &rule.status, &rule.type, &rule.route}) {
    AddColumns(*text, patterns.columns);
  }
  if (rule.value) AddColumns(rule.value->unit, patterns.columns);
  if (rule.value && rule.value->kind == ValueKind::kCode)
    AddColumns(rule.value->text, patterns.columns);
  return patterns;
}

Result<int> RecordMaker::Make(const SourceRow& row) {
  cells_ = row.cells;
  int made = 0;
  for (std::size_t i = 0; i < mapping_.records.size(); ++i) {
    const RecordRule& rule = mapping_.records[i];
    if (rule.per != row.type || !Holds(rule)) continue;
    CLINNOVA_ASSIGN(const Outcome outcome, MakeOne(rule, patterns_[i], row));
    if (outcome != Outcome::kNothing) ++made;
    if (outcome == Outcome::kNoPatient) break;  // the rest of the row has no use
  }
  return made;
}

Result<void> RecordMaker::Reject(const SourceRow& row, std::string_view rule, std::string message) {
  RejectedRecord rejected;
  rejected.source = {file_, row.line, std::string(row.path)};
  rejected.rule = std::string(rule);
  rejected.message = std::move(message);
  rejected.raw = ReadableRaw(row.raw_encoding, row.raw);
  return sink_.Reject(std::move(rejected));
}

bool RecordMaker::Holds(const RecordRule& rule) const {
  const auto has = [](const std::vector<std::string>& words, std::string_view cell) {
    return std::ranges::find(words, cell) != words.end();
  };
  return std::ranges::all_of(rule.when, [&](const Condition& condition) {
    const std::string_view cell = Cell(condition.column);
    if (has(condition.not_equals, cell)) return false;
    if (!condition.equals.empty()) return has(condition.equals, cell);
    return !condition.not_equals.empty() || !cell.empty();
  });
}

// Whether FillText will find nothing, without making the text: of a wide row most values are missing.
bool RecordMaker::IsMissing(const TextRule& rule) const {
  const auto lacks = [this](const TextRule& alternative) {
    return alternative.pieces.empty() ||
           std::ranges::any_of(alternative.pieces, [this](const TextRule::Piece& piece) {
             return piece.column >= 0 && Cell(piece.column).empty();
           });
  };
  return lacks(rule) && std::ranges::all_of(rule.otherwise, lacks);
}

// False when a column of the rule is missing.
bool RecordMaker::FillPieces(const TextRule& rule, std::string& text) const {
  if (rule.pieces.size() == 1) {  // nearly all but identities
    const TextRule::Piece& piece = rule.pieces.front();
    text = piece.column < 0 ? std::string_view(piece.fixed) : Cell(piece.column);
    return !text.empty();
  }
  std::size_t size = 0;
  for (const TextRule::Piece& piece : rule.pieces) {
    const std::size_t added = piece.column < 0 ? piece.fixed.size() : Cell(piece.column).size();
    if (added == 0 && piece.column >= 0) {
      text.clear();
      return false;
    }
    size += added;
  }
  text.resize(size);
  char* at = text.data();
  for (const TextRule::Piece& piece : rule.pieces) {
    const std::string_view part =
        piece.column < 0 ? std::string_view(piece.fixed) : Cell(piece.column);
    at = std::copy(part.begin(), part.end(), at);
  }
  return size > 0;
}

// The first of the rule's alternatives that is not missing; false when all are. `translated` says
// whether `values` had the word.
bool RecordMaker::FillText(const TextRule& rule, std::string& text, bool* translated) const {
  if (!rule.given() && rule.otherwise.empty()) {
    text.clear();
    if (translated != nullptr) *translated = false;
    return false;
  }
  bool given = FillPieces(rule, text);
  for (std::size_t i = 0; !given && i < rule.otherwise.size(); ++i) {
    given = FillPieces(rule.otherwise[i], text);
  }
  const std::string* meaning = given ? rule.Translate(text) : nullptr;
  if (translated != nullptr) *translated = meaning != nullptr;
  if (meaning != nullptr) text = *meaning;
  return given;
}

// What FillText finds, without a copy where it is a cell as it stands; empty where it is missing.
std::string_view RecordMaker::TextOf(const TextRule& rule, std::string& text) const {
  if (rule.pieces.size() == 1 && rule.pieces.front().column >= 0 && rule.values.empty()) {
    const std::string_view cell = Cell(rule.pieces.front().column);
    if (!cell.empty()) return cell;
  }
  return FillText(rule, text) ? std::string_view(text) : std::string_view();
}

bool RecordMaker::FillCode(const CodeRule& rule, SourceCode& code) const {
  bool translated = false;
  const bool has_code = rule.code.given() && FillText(rule.code, code.code, &translated);
  const bool local = has_code && !rule.code.values.empty() && !translated;
  if (!has_code) code.code.clear();
  if (!local && !FillText(rule.system_column, code.system)) code.system = rule.system;
  if (!FillText(rule.display, code.display)) code.display.clear();
  if (!local && !(rule.version_column.given() && FillText(rule.version_column, code.version))) {
    code.version = rule.version;
  }
  const auto dot = static_cast<std::size_t>(rule.dot_after);
  if (dot > 0 && code.code.size() > dot && code.code.find('.') == std::string::npos)
    code.code.insert(dot, 1, '.');
  return has_code || (!rule.code.given() && !code.display.empty());
}

void RecordMaker::FillCodes(const RecordRule& rule, SourceRecord& record) const {
  for (const CodeRule& code_rule : rule.codes) {
    if (!FillCode(code_rule, record.codes.emplace_back())) record.codes.pop_back();
  }
}

void RecordMaker::Complain(std::string_view rule, const TextRule& at, std::string message) {
  if (!bad_) bad_ = BadField{rule, std::string(ColumnOf(at)), std::move(message)};
}

std::string_view RecordMaker::ColumnOf(const TextRule& rule) const {
  for (const TextRule::Piece& piece : rule.pieces) {
    if (piece.column >= 0) return mapping_.columns[static_cast<std::size_t>(piece.column)];
  }
  return {};
}

void RecordMaker::FillNumber(const ValueRule& rule, const std::string& text, SourceValue& value) {
  const NumberFormat& format = rule.number ? *rule.number : mapping_.number;
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
  if (rule.or_text || std::ranges::find(rule.words, text) != rule.words.end()) return;
  Complain(
      "number.invalid", rule.text,
      "found \"" + text + "\", expected a number with decimal mark \"" + format.decimal + "\"");
}

// A limit of what is normal, where it is a number: it has no meaning of its own.
void RecordMaker::FillLimit(const ValueRule& rule, const TextRule& text,
                            std::optional<double>& limit) {
  if (!text.given() || !FillText(text, scratch_)) return;
  const auto parsed = ParseNumber(scratch_, rule.number ? *rule.number : mapping_.number);
  if (parsed && parsed->comparator.empty() && parsed->rest.empty()) limit = parsed->number;
}

// False when the value is missing.
bool RecordMaker::FillValue(const ValueRule& rule, SourceRecord& record) {
  SourceValue& value = record.value.emplace();
  bool given = FillPieces(rule.text, value.text);
  for (std::size_t i = 0; !given && i < rule.text.otherwise.size(); ++i) {
    given = FillPieces(rule.text.otherwise[i], value.text);
  }
  if (!given) return false;
  const std::string* meaning = rule.text.Translate(value.text);
  if (rule.kind == ValueKind::kCode) {
    SourceCode& code = value.coded.emplace();
    if (meaning != nullptr || rule.text.values.empty()) code.system = rule.system;
    code.code = meaning != nullptr ? *meaning : value.text;
    code.display = value.text;
  } else if (rule.kind == ValueKind::kNumber) {
    if (!FillText(rule.unit, value.unit)) value.unit.clear();
    FillNumber(rule, meaning != nullptr ? *meaning : value.text, value);
    FillLimit(rule, rule.low, value.low);
    FillLimit(rule, rule.high, value.high);
  }
  record.source.path = ColumnOf(rule.text);
  return true;
}

// The first of the rule's alternatives of which nothing is missing.
void RecordMaker::FillDate(const DateRule& rule, std::optional<SourceTime>& time) {
  if (!rule.text.given()) return;
  const bool days_lack = (rule.plus_days.given() && !FillText(rule.plus_days, scratch_)) ||
                         (rule.minus_days.given() && !FillText(rule.minus_days, scratch_));
  if (days_lack || !FillText(rule.text, scratch_)) {
    for (std::size_t i = 0; i < rule.otherwise.size() && !time && !bad_; ++i) {
      FillDate(rule.otherwise[i], time);
    }
    return;
  }
  ReadDate(rule, time);
  if (time && (rule.plus_days.given() || rule.minus_days.given())) MoveDate(rule, time);
}

// The text in scratch_ by the first pattern that fits.
void RecordMaker::ReadDate(const DateRule& rule, std::optional<SourceTime>& time) {
  const std::vector<DatePattern>& patterns = rule.patterns.empty() ? mapping_.dates : rule.patterns;
  if (last_date_.patterns == &patterns && last_date_.text == scratch_) {
    time = last_date_.time;
    return;
  }
  std::string expected;
  for (const DatePattern& pattern : patterns) {
    time = pattern.Read(scratch_);
    if (time) {
      last_date_.patterns = &patterns;
      last_date_.text = scratch_;
      last_date_.time = *time;
      return;
    }
    expected += (expected.empty() ? "" : " or ") + pattern.text();
  }
  Complain("date.invalid", rule.text, "found \"" + scratch_ + "\", expected a date as " + expected);
}

// A date so many days from another. What is known to a month stays known to a month, or becomes
// known only to the year, where the days lead from one month to two.
void RecordMaker::MoveDate(const DateRule& rule, std::optional<SourceTime>& time) {
  int days = 0;
  for (const auto& [text, sign] :
       {std::pair(&rule.plus_days, 1), std::pair(&rule.minus_days, -1)}) {
    if (!FillText(*text, scratch_)) continue;
    const auto number = WholeNumber(scratch_);
    if (!number || std::abs(*number) > kMostDays) {
      return Complain("date.invalid", *text,
                      "found \"" + scratch_ + "\", expected a number of days");
    }
    days += sign * *number;
  }
  time = DaysLater(*time, days);
  if (!time) {
    Complain("date.ambiguous", rule.text,
             "found a month or year and " + std::to_string(days) +
                 " days, which may be in one year or the next");
  }
}

// What a record says apart from who and which; false when the source says nothing.
bool RecordMaker::FillSubject(const RecordRule& rule, SourceRecord& record) {
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

// The patient's name and numbers, for the loader to hide wherever they turn up.
void RecordMaker::FillHidden(SourceRecord& record) const {
  for (const int column : mapping_.hide) {
    if (!Cell(column).empty()) record.identity_words.emplace_back(Cell(column));
  }
}

void RecordMaker::Begin(const RecordRule& rule, SourceRecord& record) const {
  record.kind = rule.kind;
  record.source.file = file_;
}

// Null where the cells are too seldom alike, or no record can be made of them.
const RecordPattern* RecordMaker::FindPattern(const RecordRule& rule, Patterns& patterns,
                                              std::string_view comparator) {
  std::string& key = patterned_.key;
  key.assign(comparator);
  for (const int column : patterns.columns) {
    const std::string_view cell = Cell(column);
    const std::size_t size = cell.size();
    key.append(reinterpret_cast<const char*>(&size), sizeof size).append(cell);
  }
  return patterns.known.Find(key, sink_, [&] {
    std::optional<SourceRecord> sample(std::in_place);
    Begin(rule, *sample);
    if (!FillSubject(rule, *sample) || bad_) sample.reset();
    return sample;
  });
}

// False, and nothing is handed over, where the record has to be made as a whole: also one that will be rejected.
Result<bool> RecordMaker::MakePatterned(const RecordRule& rule, Patterns& patterns,
                                        const SourceRow& row) {
  if (!patterns.possible || patterns.known.full() || !row.path.empty()) return false;
  PatternedRecord record;
  record.line = row.line;
  std::string_view comparator;
  if (rule.value && rule.value->kind == ValueKind::kNumber) {
    record.text = TextOf(rule.value->text, patterned_.value);
    const auto parsed =
        ParseNumber(record.text, rule.value->number ? *rule.value->number : mapping_.number);
    if (!parsed || !parsed->rest.empty()) return false;
    record.number = parsed->number;
    comparator = parsed->comparator;
  }
  bad_.reset();
  record.pattern = FindPattern(rule, patterns, comparator);
  if (record.pattern == nullptr) return false;
  FillDate(rule.start, record.start);
  FillDate(rule.end, record.end);
  record.id = TextOf(rule.id, patterned_.id);
  record.patient_id = TextOf(rule.patient, patterned_.patient_id);
  record.visit_id = TextOf(rule.visit, patterned_.visit_id);
  if (bad_ || !record.start || record.id.empty() || record.patient_id.empty()) return false;
  CLINNOVA_TRY(sink_.AcceptPatterned(record));
  return true;
}

Result<RecordMaker::Outcome> RecordMaker::MakeOne(const RecordRule& rule, Patterns& patterns,
                                                  const SourceRow& row) {
  if (rule.value && IsMissing(rule.value->text)) return Outcome::kNothing;
  CLINNOVA_ASSIGN(const bool patterned, MakePatterned(rule, patterns, row));
  if (patterned) return Outcome::kRecord;
  bad_.reset();
  SourceRecord& record = sink_.Blank();
  Begin(rule, record);
  record.source.line = row.line;
  if (!FillSubject(rule, record)) return Outcome::kNothing;
  if (!row.path.empty()) record.source.path = row.path;
  if (!FillText(rule.patient, record.patient_id)) {
    CLINNOVA_TRY(
        Reject(row, "patient.missing",
               std::string(ColumnOf(rule.patient)) + ": found nothing, expected a patient"));
    return Outcome::kNoPatient;
  }
  if (!FillText(rule.id, record.id))
    Complain("id.missing", rule.id, "found nothing, expected the record's identity");
  if (!FillText(rule.visit, record.visit_id)) record.visit_id.clear();
  FillHidden(record);
  if (bad_) {
    CLINNOVA_TRY(Reject(row, bad_->rule, bad_->column + ": " + bad_->message));
  } else {
    CLINNOVA_TRY(sink_.Accept(std::move(record)));
  }
  return Outcome::kRecord;
}

}  // namespace clinnova::intake
