// SPDX-License-Identifier: Apache-2.0
#include "intake/ldt_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "core/text.h"
#include "intake/ldt_record.h"
#include "intake/record_maker.h"
#include "intake/sha1.h"
#include "intake/text_lines.h"

namespace clinnova::intake {
namespace {

/// Length digits, identifier and CR LF.
constexpr std::size_t kFrame = 9;
/// More fields than any report has.
constexpr std::size_t kMostFields = 200000;

bool AreDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t NumberOf(std::string_view digits) {
  std::int64_t number = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

bool IsHeader(std::string_view type) { return type == "8220" || type == "8230"; }
bool IsTrailer(std::string_view type) { return type == "8221" || type == "8231"; }

/// Whether a field is a person's name or a test's, where no mark stands between letters.
bool IsName(std::string_view id) { return id == "3101" || id == "3102" || id == "8411"; }

/// "M}ller", "Wei~": within a word, what DIN 66003 has in the place of an umlaut; behind a letter, its ß.
bool HasDinUmlaut(std::string_view text) {
  const auto letter = [&](std::size_t i) {
    return i < text.size() && (text[i] | 32) >= 'a' && (text[i] | 32) <= 'z';
  };
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (!letter(i - 1)) continue;
    if (text[i] == '~') return true;
    if (std::string_view("[\\]{|}").find(text[i]) != std::string_view::npos && letter(i + 1))
      return true;
  }
  return false;
}

/// One line taken apart.
struct Line {
  std::string_view rule;  ///< why it is not well formed
  std::string message;
  std::string_view id;
  std::string_view content;
  std::int64_t declared = 0;  ///< its length as it says
};

Line TakeApart(const TextLines& lines) {
  const std::string_view text = lines.text();
  Line line;
  if (text.size() < 7 || !AreDigits(text.substr(0, 7))) {
    line.rule = "ldt.line";
    line.message = "found " + std::to_string(text.size()) +
                   " bytes, expected three digits of length and four of an identifier";
    line.declared = static_cast<std::int64_t>(text.size()) + 2;
    return line;
  }
  line.id = text.substr(3, 4);
  line.content = text.substr(7);
  line.declared = NumberOf(text.substr(0, 3));
  const auto length = static_cast<std::int64_t>(line.content.size() + kFrame);
  // A file whose lines end in LF alone was converted, or its writer counted one byte for the end.
  const bool counts_lf = !lines.ends_in_crlf() && line.declared == length - 1;
  if (line.declared != length && !counts_lf) {
    line.rule = "ldt.length";
    line.message = "found " + std::to_string(length) + " bytes, the line says " +
                   std::to_string(line.declared);
  }
  return line;
}

/// What the file's own sums say of it.
struct Verdict {
  std::string_view rule = {};
  std::string message = {};
  std::uint64_t line = 0;
  bool unknown_checksum = false;
};

/// The first pass: is the file whole?
class FileCheck {
 public:
  explicit FileCheck(const std::string& name) : name_(name) {}

  Result<Verdict> Run(TextLines& lines) {
    while (true) {
      CLINNOVA_ASSIGN(const bool more, lines.Next());
      if (!more) break;
      if (lines.text().empty()) continue;
      const Line line = TakeApart(lines);
      if (line.id == "9300" && IsTrailer(type_)) CheckSum(line, lines.number());
      Take(line, lines.number());
      as_it_is_.Update(lines.text());
      as_it_is_.Update(lines.ends_in_crlf() ? "\r\n" : "\n");
      with_crlf_.Update(lines.text());
      with_crlf_.Update("\r\n");
      ended_ = line.id == "8001" || (ended_ && line.id != "8000");
    }
    const bool whole = IsTrailer(type_) && (flat_ ? has_total_ : ended_);
    if (whole) return verdict_;
    return Fail(ErrorCode::kInvalidInput,
                name_ + ": ends too early, after line " + std::to_string(lines.number()) +
                    ", inside record " + type_ + ": nothing was loaded",
                "truncated");
  }

 private:
  void Take(const Line& line, std::uint64_t number) {
    if (line.id == "8000") {
      type_ = std::string(line.content);
      if (IsHeader(type_)) total_ = 0;
      has_total_ = false;
      return;
    }
    if (line.id == "8100" && AreDigits(line.content)) {
      flat_ = true;
      total_ += NumberOf(line.content);
    } else if (line.id == "9202" && IsTrailer(type_)) {
      has_total_ = true;
      if (NumberOf(line.content) == total_ || !verdict_.rule.empty()) return;
      verdict_.rule = "ldt.total_length";
      verdict_.line = number;
      verdict_.message = "found records of " + std::to_string(total_) + " bytes, field 9202 says " +
                         std::to_string(NumberOf(line.content)) +
                         ": nothing of the file was loaded";
    }
  }

  void CheckSum(const Line& line, std::uint64_t number) {
    const std::string expected = core::AsciiLower(line.content);
    const bool known = expected.size() == 40 &&
                       expected.find_first_not_of("0123456789abcdef") == std::string::npos;
    verdict_.unknown_checksum = !known;
    if (!known || expected == as_it_is_.Hex() || expected == with_crlf_.Hex()) return;
    verdict_.rule = "ldt.checksum";
    verdict_.line = number;
    verdict_.message = "found a file with the SHA-1 sum " + as_it_is_.Hex() + ", field 9300 says " +
                       expected + ": nothing of the file was loaded";
  }

  std::string name_;
  Verdict verdict_;
  std::string type_;
  std::int64_t total_ = 0;  // of the records' own lengths
  bool flat_ = false;       // LDT 2
  bool has_total_ = false;
  bool ended_ = false;
  Sha1 as_it_is_, with_crlf_;
};

/// The second pass: records to rows.
class LdtFile {
 public:
  LdtFile(const std::string& name, const Mapping& mapping, RecordSink& sink)
      : mapping_(mapping), sink_(sink), maker_(name, mapping, sink), cells_(mapping) {
    encoding_ = mapping.format == SourceFormat::kLdt3 ? Encoding::kIso8859_15 : mapping.encoding;
  }

  Result<void> Read(TextLines& lines) {
    while (true) {
      CLINNOVA_ASSIGN(const bool more, lines.Next());
      if (!more) break;
      if (lines.text().empty()) continue;
      const Line line = TakeApart(lines);
      if (line.id == "8000") {
        CLINNOVA_TRY(EndRecord());
        record_ = {std::string(line.content), lines.number(), {}};
        length_ = declared_length_ = 0;
      }
      length_ += line.declared;
      if (line.id == "8100" && AreDigits(line.content)) declared_length_ = NumberOf(line.content);
      AddField(line, lines);
    }
    return EndRecord();
  }

  Result<void> RejectFile(const Verdict& verdict) {
    return maker_.Reject({.type = {}, .line = verdict.line}, verdict.rule, verdict.message);
  }

 private:
  void AddField(const Line& line, const TextLines& lines) {
    if (record_.fields.size() >= kMostFields) return;
    LdtField field{std::string(line.id), "", lines.number(), line.rule, line.message, ""};
    if (DecodeToUtf8(encoding_, line.content, field.text) && field.rule.empty()) {
      field.rule = "ldt.encoding";
      field.message = "found a byte that is no " + std::string(EncodingName(encoding_)) + " text";
    }
    if (field.rule.empty() && encoding_ != Encoding::kDin66003 && IsName(line.id) &&
        HasDinUmlaut(field.text)) {
      field.rule = "ldt.encoding";
      field.message = "found the mark of a 7-bit umlaut (DIN 66003) within a word, the file says " +
                      std::string(EncodingName(encoding_));
    }
    if (!field.rule.empty()) {
      field.raw =
          std::string(lines.text().substr(0, 7)) + (NamesNobody(line.id) ? field.text : "[hidden]");
    }
    // The header says how the rest is written.
    if (line.id == "9106" && mapping_.format == SourceFormat::kLdt2) {
      if (line.content == "1") encoding_ = Encoding::kDin66003;
      if (line.content == "2") encoding_ = Encoding::kCp437;
      if (line.content == "3") encoding_ = Encoding::kIso8859_1;
      if (line.content == "4") encoding_ = Encoding::kIso8859_15;
    }
    record_.fields.push_back(std::move(field));
  }

  Result<void> EndRecord() {
    const std::string& type = record_.type;
    const bool report = type.starts_with("820");
    const bool bad_start = !record_.fields.empty() && !record_.fields.front().rule.empty();
    if (bad_start) {
      const LdtField& start = record_.fields.front();
      CLINNOVA_TRY(RejectPart({start.line, start.rule,
                               start.message + ": nothing of the record was loaded", start.raw}));
    } else if (IsHeader(type)) {
      header_ = mapping_.format == SourceFormat::kLdt3 ? SplitLdt3(record_).fields
                                                       : SplitLdt2(record_).fields;
    } else if (report) {
      CLINNOVA_TRY(UseReport());
    } else if (!type.empty() && !IsTrailer(type)) {
      sink_.Ignore({maker_.file(), record_.line, ""},
                   "LDT record " + type + ": no report, not loaded");
    }
    record_ = {};
    return {};
  }

  Result<void> UseReport() {
    LdtReport report =
        mapping_.format == SourceFormat::kLdt3 ? SplitLdt3(record_) : SplitLdt2(record_);
    LdtProblem& problem = report.problem;
    if (problem.rule.empty() && declared_length_ != 0 && declared_length_ != length_) {
      problem = {record_.line, "ldt.record_length",
                 "found a record of " + std::to_string(length_) + " bytes, field 8100 says " +
                     std::to_string(declared_length_),
                 report.raw};
    }
    if (record_.fields.size() >= kMostFields) {
      problem = {record_.line, "ldt.record_length", "found more fields than any report has", ""};
    }
    if (!problem.rule.empty()) {
      problem.message += ": nothing of the report was loaded";
      return RejectPart(problem);
    }
    FillReport(report);
    CLINNOVA_TRY(maker_.Make(
        {.type = "report", .cells = cells_.cells(), .line = record_.line, .raw = report.raw}));
    for (const LdtResult& result : report.results) CLINNOVA_TRY(UseResult(report, result));
    return {};
  }

  void FillReport(const LdtReport& report) {
    cells_.Clear();
    for (const auto& [id, text] : header_) cells_.Set("8220." + id, text);
    for (const auto& [id, text] : report.fields) cells_.Set(id, text);
  }

  Result<void> UseResult(const LdtReport& report, const LdtResult& result) {
    if (!result.problem.rule.empty()) return RejectPart(result.problem);
    FillReport(report);
    for (const auto& [id, text] : result.fields) cells_.Set(id, text);
    CLINNOVA_ASSIGN(
        const int made,
        maker_.Make(
            {.type = "result", .cells = cells_.cells(), .line = result.line, .raw = result.raw}));
    if (made == 0) {
      sink_.Ignore({maker_.file(), result.line, ""}, "LDT result without a value: not loaded");
    }
    return {};
  }

  Result<void> RejectPart(const LdtProblem& problem) {
    return maker_.Reject({.type = {}, .line = problem.line, .raw = problem.raw}, problem.rule,
                         problem.message);
  }

  const Mapping& mapping_;  // not owned, outlives this
  RecordSink& sink_;        // not owned, outlives this
  RecordMaker maker_;
  NamedCells cells_;
  Encoding encoding_ = Encoding::kIso8859_15;
  LdtRecord record_;
  std::int64_t length_ = 0;
  std::int64_t declared_length_ = 0;
  LdtValues header_;
};

}  // namespace

std::optional<SourceFormat> LdtFormat(std::string_view head) {
  const bool begins = head.size() > 11 && AreDigits(head.substr(0, 11)) &&
                      head.substr(3, 4) == "8000" && IsHeader(head.substr(7, 4));
  if (!begins) return std::nullopt;
  const std::size_t second = head.find_first_not_of("\r\n", 11);
  const bool flat = second != std::string_view::npos && head.substr(second).size() >= 7 &&
                    head.substr(second + 3, 4) == "8100";
  return flat ? SourceFormat::kLdt2 : SourceFormat::kLdt3;
}

Result<void> ReadLdt(const std::filesystem::path& path, const std::string& name,
                     const Mapping& mapping, RecordSink& sink) {
  CLINNOVA_ASSIGN(TextLines first, TextLines::Open(path));
  CLINNOVA_ASSIGN(const Verdict verdict, FileCheck(name).Run(first));
  LdtFile file(name, mapping, sink);
  if (!verdict.rule.empty()) return file.RejectFile(verdict);
  if (verdict.unknown_checksum) {
    sink.Ignore({name, 0, ""}, "LDT checksum of an unknown kind: not checked");
  }
  CLINNOVA_ASSIGN(TextLines lines, TextLines::Open(path));
  return file.Read(lines);
}

}  // namespace clinnova::intake
