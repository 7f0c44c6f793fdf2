// SPDX-License-Identifier: Apache-2.0
#include "intake/hprim_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "core/text.h"
#include "intake/record_maker.h"
#include "intake/text_lines.h"

namespace clinnova::intake {
namespace {

using core::Split;

/// Segments of the standard that no record is made of.
constexpr std::array<std::string_view, 8> kUnused{"C",   "AP",  "AC",  "ACT",
                                                  "FAC", "REG", "ERR", "PR"};

/// What H declares: "|~^\&".
struct Separators {
  char field = '|';
  char component = '~';
  char repeat = '^';
  char escape = '\\';
  char subcomponent = '&';
};

std::optional<Separators> ReadSeparators(std::string_view header) {
  if (header.size() < 6) return std::nullopt;
  const Separators made{header[1], header[2], header[3], header[4], header[5]};
  std::string all = {made.field, made.component, made.repeat, made.escape, made.subcomponent};
  std::ranges::sort(all);
  const bool distinct = std::ranges::adjacent_find(all) == all.end();
  const bool marks = std::ranges::all_of(all, [](char c) {
    return c > ' ' && c < 127 && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z');
  });
  if (!distinct || !marks) return std::nullopt;
  return made;
}

/// "\F\" is the field separator itself, and so on; what is not known stays as it is.
std::string Unescape(std::string_view text, const Separators& separators) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == separators.escape && i + 2 < text.size() && text[i + 2] == separators.escape;
    char meaning = 0;
    if (escape && text[i + 1] == 'F') meaning = separators.field;
    if (escape && text[i + 1] == 'S') meaning = separators.component;
    if (escape && text[i + 1] == 'R') meaning = separators.repeat;
    if (escape && text[i + 1] == 'E') meaning = separators.escape;
    if (escape && text[i + 1] == 'T') meaning = separators.subcomponent;
    plain += meaning == 0 ? text[i] : meaning;
    if (meaning != 0) i += 2;
  }
  return plain;
}

std::optional<std::int64_t> WholeNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A segment with its continuations.
struct Segment {
  std::string text;
  std::uint64_t line = 0;
  int lines = 1;

  std::string_view Type(char field) const {
    return std::string_view(text).substr(0, text.find(field));
  }
};

/// Puts A lines behind the segment that they continue.
class Segments {
 public:
  explicit Segments(TextLines lines) : lines_(std::move(lines)) {}

  /// The next segment, or nothing at the end of the file.
  Result<std::optional<Segment>> Next() {
    std::optional<Segment> segment = std::exchange(pending_, std::nullopt);
    while (true) {
      CLINNOVA_ASSIGN(const bool more, lines_.Next());
      if (!more) return segment;
      const std::string_view text = lines_.text();
      if (text.empty()) continue;
      if (text[0] == 'H' && text.size() > 1) field_ = text[1];
      const bool goes_on = segment && text.size() > 1 && text[0] == 'A' && text[1] == field_;
      if (goes_on && segment->text.size() < TextLines::kLongest) {
        segment->text += text.substr(2);
        ++segment->lines;
      } else if (!segment) {
        segment = Segment{std::string(text), lines_.number(), 1};
      } else {
        pending_ = Segment{std::string(text), lines_.number(), 1};
        return segment;
      }
    }
  }

 private:
  TextLines lines_;
  std::optional<Segment> pending_;
  char field_ = '|';
};

struct Verdict {
  std::string_view rule = {};
  std::string message = {};
  std::uint64_t line = 0;
};

/// The first pass: has every message its end, and as much as its end says?
Result<Verdict> CheckFile(Segments& segments, const std::string& name) {
  Verdict verdict;
  std::int64_t patients = 0, counted = 0, lines = 0;
  char field = '|';
  bool open = false;
  std::uint64_t last_line = 0;
  while (true) {
    CLINNOVA_ASSIGN(const std::optional<Segment> segment, segments.Next());
    if (!segment) break;
    last_line = segment->line;
    if (segment->text[0] == 'H' && segment->text.size() > 1) {
      if (open) break;  // the message before has no end
      field = segment->text[1];
      patients = counted = lines = 0;
      open = true;
    }
    ++counted;
    lines += segment->lines;
    const std::string_view type = segment->Type(field);
    if (type == "P") ++patients;
    if (type != "L") continue;
    open = false;
    const auto fields = Split(segment->text, field);
    const auto said = [&](std::size_t n) {
      return fields.size() >= n ? WholeNumber(TrimText(fields[n - 1])) : std::nullopt;
    };
    const bool patients_lack = said(4) && *said(4) != patients;
    const bool segments_lack = said(5) && *said(5) != counted && *said(5) != lines;
    if (!verdict.rule.empty() || (!patients_lack && !segments_lack)) continue;
    verdict.rule = patients_lack ? "hprim.patient_count" : "hprim.segment_count";
    verdict.line = segment->line;
    verdict.message = "found " + std::to_string(patients_lack ? patients : counted) +
                      (patients_lack ? " patients" : " segments") + ", L says " +
                      std::to_string(patients_lack ? *said(4) : *said(5)) +
                      ": nothing of the file was loaded";
  }
  if (!open) return verdict;
  return Fail(ErrorCode::kInvalidInput,
              name + ": ends too early, after line " + std::to_string(last_line) +
                  ", without the segment L: nothing was loaded",
              "truncated");
}

/// The second pass: segments to rows.
class HprimFile {
 public:
  HprimFile(const std::string& name, const Mapping& mapping, RecordSink& sink)
      : mapping_(mapping), sink_(sink), maker_(name, mapping, sink), cells_(mapping) {}

  Result<void> Read(Segments& segments) {
    while (true) {
      CLINNOVA_ASSIGN(const std::optional<Segment> segment, segments.Next());
      if (!segment) return {};
      CLINNOVA_TRY(Use(*segment));
    }
  }

  Result<void> RejectFile(const Verdict& verdict) {
    return maker_.Reject({.type = {}, .line = verdict.line}, verdict.rule, verdict.message);
  }

 private:
  /// What was last read at a level of the message.
  struct Level {
    std::vector<std::string> fields;
    bool good = false;  ///< there is one, and what is below it may be read
  };

  Result<void> Use(const Segment& segment) {
    if (segment.text[0] == 'H') return Begin(segment);
    if (!reading_) return {};
    const std::string type(segment.Type(separators_.field));
    if (type == "L") {
      reading_ = false;
      return {};
    }
    if (type == "P") return Take(segment, type, header_, patient_, &order_);
    if (type == "OBR") return Take(segment, type, patient_, order_, nullptr);
    if (type == "OBX") return Take(segment, type, order_, result_, nullptr);
    if (std::ranges::find(kUnused, type) != kUnused.end() || type.starts_with('Z')) {
      sink_.Ignore({maker_.file(), segment.line, ""}, "HPRIM segment " + type + ": not loaded");
      return {};
    }
    return Reject(segment, "hprim.segment",
                  "found a segment that begins with no name of the standard");
  }

  Result<void> Begin(const Segment& segment) {
    const auto separators = ReadSeparators(segment.text);
    header_.good = patient_.good = order_.good = reading_ = false;
    if (!separators) {
      return Reject(
          segment, "hprim.separators",
          "found a header that declares no five separators: nothing of the message was loaded");
    }
    separators_ = *separators;
    const auto fields = Split(segment.text, separators_.field);
    const std::string context(fields.size() > 6 ? TrimText(fields[6]) : std::string_view());
    if (context != "ORU") {
      sink_.Ignore({maker_.file(), segment.line, ""},
                   "HPRIM message " + context.substr(0, 8) + ": no results, not loaded");
      return {};
    }
    reading_ = true;
    std::string problem;
    header_.good = Decode(segment, header_.fields, problem);
    if (header_.good) return {};
    reading_ = false;
    return Reject(segment, "hprim.encoding", problem);
  }

  bool Decode(const Segment& segment, std::vector<std::string>& fields,
              std::string& problem) const {
    std::string text;
    if (const auto bad = DecodeToUtf8(mapping_.encoding, segment.text, text)) {
      problem = "found byte " + std::to_string(static_cast<unsigned char>(segment.text[*bad])) +
                " at " + std::to_string(*bad + 1) + ", expected " +
                std::string(EncodingName(mapping_.encoding)) + " text";
      return false;
    }
    fields.clear();
    for (const std::string_view field : Split(text, separators_.field)) fields.emplace_back(field);
    return true;
  }

  Result<void> Take(const Segment& segment, const std::string& type, const Level& above,
                    Level& level, Level* below) {
    level.good = false;
    if (below != nullptr) below->good = false;
    if (!above.good) {
      return Reject(segment, "hprim.order",
                    "found " + type + ", the segment that it belongs to was not read");
    }
    std::string problem;
    if (!Decode(segment, level.fields, problem)) return Reject(segment, "hprim.encoding", problem);
    level.good = true;
    cells_.Clear();
    Fill("H", header_);
    Fill("P", patient_);
    if (type != "P") Fill("OBR", order_);
    if (type == "OBX") Fill("OBX", level);
    CLINNOVA_ASSIGN(const int made, maker_.Make({.type = type,
                                                 .cells = cells_.cells(),
                                                 .line = segment.line,
                                                 .raw = Shown(segment),
                                                 .raw_encoding = mapping_.encoding}));
    if (made == 0 && type == "OBX") {
      sink_.Ignore({maker_.file(), segment.line, ""}, "HPRIM OBX without a value: not loaded");
    }
    return {};
  }

  void Fill(const std::string& type, const Level& level) {
    for (std::size_t f = 1; f < level.fields.size(); ++f) {
      const std::string column = type + "." + std::to_string(f + 1);
      const auto repeats = Split(level.fields[f], separators_.repeat);
      for (const std::string_view one : repeats) {
        if (cells_.Uses(column)) cells_.Set(column, Unescape(one, separators_));
      }
      const auto components = Split(repeats[0], separators_.component);
      for (std::size_t c = 0; c < components.size(); ++c) {
        const std::string part = column + "." + std::to_string(c + 1);
        if (cells_.Uses(part)) cells_.Set(part, Unescape(components[c], separators_));
      }
    }
  }

  /// What quarantine may keep: results and orders, nothing of who the patient is.
  std::string_view Shown(const Segment& segment) const {
    const std::string_view type = segment.Type(separators_.field);
    return type == "OBX" || type == "OBR" ? std::string_view(segment.text) : type.substr(0, 3);
  }

  Result<void> Reject(const Segment& segment, std::string_view rule, std::string message) {
    return maker_.Reject({.type = {},
                          .line = segment.line,
                          .raw = Shown(segment),
                          .raw_encoding = mapping_.encoding},
                         rule, std::move(message));
  }

  const Mapping& mapping_;  // not owned, outlives this
  RecordSink& sink_;        // not owned, outlives this
  RecordMaker maker_;
  NamedCells cells_;
  Separators separators_;
  bool reading_ = false;  // between H and L of a message with results
  Level header_, patient_, order_, result_;
};

}  // namespace

bool LooksLikeHprim(std::string_view head) {
  if (head.empty() || head[0] != 'H') return false;
  const auto separators = ReadSeparators(head);
  return separators && head.size() > 6 && head[6] == separators->field;
}

Result<void> ReadHprim(const std::filesystem::path& path, const std::string& name,
                       const Mapping& mapping, RecordSink& sink) {
  CLINNOVA_ASSIGN(TextLines first, TextLines::Open(path));
  Segments checked(std::move(first));
  CLINNOVA_ASSIGN(const Verdict verdict, CheckFile(checked, name));
  HprimFile file(name, mapping, sink);
  if (!verdict.rule.empty()) return file.RejectFile(verdict);
  CLINNOVA_ASSIGN(TextLines second, TextLines::Open(path));
  Segments segments(std::move(second));
  return file.Read(segments);
}

}  // namespace clinnova::intake
