// SPDX-License-Identifier: Apache-2.0
#include "intake/mapping_reader.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>

#include "core/toml_json.h"
#include "intake/toml_table.h"

namespace clinnova::intake {
namespace {

using nlohmann::json;
using Node = TomlNode;
using Words = TomlTable::Words;

struct KindWord {
  std::string_view word;
  RecordKind kind;
};
struct FormatWord {
  std::string_view word;
  SourceFormat format;
};
constexpr FormatWord kFormats[] = {
    {"csv", SourceFormat::kCsv},       {"ldt2", SourceFormat::kLdt2},
    {"ldt3", SourceFormat::kLdt3},     {"hprim", SourceFormat::kHprim},
    {"redcap", SourceFormat::kRedcap}, {"openehr", SourceFormat::kOpenEhr},
    {"sphn", SourceFormat::kSphn}};

constexpr KindWord kKinds[] = {{"person", RecordKind::kPerson},
                               {"visit", RecordKind::kVisit},
                               {"condition", RecordKind::kCondition},
                               {"measurement", RecordKind::kMeasurement},
                               {"drug", RecordKind::kDrug},
                               {"procedure", RecordKind::kProcedure},
                               {"observation", RecordKind::kObservation},
                               {"death", RecordKind::kDeath},
                               {"consent", RecordKind::kConsent}};

// Reads one mapping. After the first error the walk goes on with defaults, so that it needs no check per key.
class Reader {
 public:
  Reader(std::string_view name, const std::map<std::string, int>& lines, Mapping& mapping)
      : toml_(name, lines), mapping_(mapping) {}

  void Read(const Node& root) {
    toml_.CheckKeys(root, "", {"file", "record"});
    if (!root.Has("file") || !root.At("file").value.is_object()) {
      return toml_.Complain("", "found no [file], expected one");
    }
    ReadFile(root.At("file"));
    const bool records = root.Has("record") && root.At("record").value.is_array() &&
                         !root.At("record").value.empty();
    if (!records) return toml_.Complain("", "found no [[record]], expected one or more");
    for (const Node& record : root.At("record").Items()) {
      if (!record.value.is_object())
        return toml_.Complain(record.path, "expected [[record]] tables");
      ReadRecord(record);
    }
  }

  Result<void> Outcome() const { return toml_.Outcome(); }

 private:
  void ReadFile(const Node& file) {
    mapping_.format = ReadFormat(file);
    if (mapping_.format == SourceFormat::kCsv) {
      toml_.CheckKeys(file, "file.",
                      {"pattern", "format", "delimiter", "quote", "encoding", "decimal",
                       "thousands", "date", "missing", "header", "patient", "hide", "description"});
    } else if (mapping_.format == SourceFormat::kRedcap) {
      toml_.CheckKeys(file, "file.",
                      {"pattern", "format", "delimiter", "encoding", "decimal", "thousands", "date",
                       "missing", "patient", "hide", "description"});
    } else {
      toml_.CheckKeys(file, "file.",
                      {"pattern", "format", "encoding", "decimal", "thousands", "date", "missing",
                       "patient", "hide", "description"});
    }
    toml_.Text(file, "description", "");
    mapping_.pattern = toml_.Text(file, "pattern", "");
    if (mapping_.pattern.empty()) {
      toml_.Complain(file.path, "found no file.pattern, expected \"name*.csv\"");
    }
    mapping_.delimiter = toml_.Character(file, "delimiter", ',');
    const std::string quote = toml_.Text(file, "quote", "\"");
    mapping_.quote = quote.empty() ? '\0' : quote[0];
    if (quote.size() > 1)
      toml_.Complain(file.At("quote").path, "quote: expected one character or \"\"");
    ReadTexts(file);
    patient_ = OptionalRule(file, "patient");
    for (const std::string& column : toml_.Texts(file, "hide")) {
      mapping_.hide.push_back(Column(file.At("hide").path, column));
    }
  }

  // How the file writes characters, numbers and dates.
  void ReadTexts(const Node& file) {
    if (file.Has("encoding")) {
      const auto encoding =
          toml_.Checked(file, "encoding", ParseEncoding(toml_.Text(file, "encoding", "")));
      if (encoding) mapping_.encoding = *encoding;
    }
    mapping_.number = DecimalMarks(file);
    mapping_.number.thousands = toml_.Text(file, "thousands", "");
    if (mapping_.number.thousands == std::string(1, mapping_.number.decimal)) {
      toml_.Complain(file.At("thousands").path, "thousands: expected another mark than decimal");
    }
    mapping_.dates = Patterns(file, "date");
    mapping_.missing = toml_.Texts(file, "missing");
    mapping_.header = toml_.Texts(file, "header");
  }

  SourceFormat ReadFormat(const Node& file) {
    const std::string word = toml_.Text(file, "format", "csv");
    const auto* known = std::ranges::find(kFormats, word, &FormatWord::word);
    if (known != std::end(kFormats)) return known->format;
    std::string list;
    for (const FormatWord& format : kFormats)
      list += (list.empty() ? "" : ", ") + std::string(format.word);
    toml_.Complain(file.At("format").path,
                   "format: found \"" + word + "\", expected one of: " + list);
    return SourceFormat::kCsv;
  }

  // ",." reads both marks, where a source mixes them and writes no thousands mark.
  NumberFormat DecimalMarks(const Node& table) {
    const std::string marks = toml_.Text(table, "decimal", ".");
    const bool good = marks == "." || marks == "," || marks == ".," || marks == ",.";
    if (!good) toml_.Complain(table.At("decimal").path, "decimal: expected \".\", \",\" or \",.\"");
    if (!good) return {};
    NumberFormat format;
    format.decimal = marks[0];
    if (marks.size() == 2) format.other_decimal = marks[1];
    return format;
  }

  // One pattern, or a list of them.
  std::vector<DatePattern> Patterns(const Node& table, std::string_view key) {
    std::vector<DatePattern> patterns;
    if (!table.Has(key)) return patterns;
    const bool list = table.At(key).value.is_array();
    for (const std::string& text :
         list ? toml_.Texts(table, key) : std::vector<std::string>{toml_.Text(table, key, "")}) {
      auto pattern = toml_.Checked(table, key, DatePattern::Parse(text));
      if (pattern) patterns.push_back(std::move(*pattern));
    }
    return patterns;
  }

  int Column(const std::string& path, const std::string& column) {
    if (column.empty()) toml_.Complain(path, "found an empty column name");
    const std::vector<std::string>& header = mapping_.header;
    if (!header.empty() && std::ranges::find(header, column) == header.end()) {
      toml_.Complain(path, "unknown column \"" + column + "\", expected one of file.header");
    }
    const auto found = std::ranges::find(mapping_.columns, column);
    const auto index = static_cast<int>(found - mapping_.columns.begin());
    if (found == mapping_.columns.end()) mapping_.columns.push_back(column);
    return index;
  }

  // "{a}/{b}" -> column a, "/", column b.
  std::vector<TextRule::Piece> Template(const std::string& path, std::string_view text) {
    std::vector<TextRule::Piece> pieces;
    while (!text.empty()) {
      const std::size_t open = text.find('{');
      if (open != 0) pieces.push_back({std::string(text.substr(0, open)), -1});
      if (open == std::string_view::npos) break;
      const std::size_t close = text.find('}', open);
      if (close == std::string_view::npos) {
        toml_.Complain(path, "found { without }, expected {column}");
        break;
      }
      const std::string column(text.substr(open + 1, close - open - 1));
      pieces.push_back({"", Column(path, column)});
      text.remove_prefix(close + 1);
    }
    return pieces;
  }

  // The text that `table` describes: exactly one of column, template, text.
  TextRule RuleOf(const Node& table, std::string_view what) {
    TextRule rule;
    const int ways = static_cast<int>(table.Has("column")) +
                     static_cast<int>(table.Has("template")) + static_cast<int>(table.Has("text"));
    if (ways != 1) {
      toml_.Complain(table.path, std::string(what) + ": expected one of column, template, text");
      return rule;
    }
    if (table.Has("column") && table.At("column").value.is_array()) {
      rule = FirstOf(table.At("column"), "column");
    } else if (table.Has("column")) {
      rule.pieces.push_back({"", Column(table.At("column").path, toml_.Text(table, "column", ""))});
    } else if (table.Has("template")) {
      rule.pieces = Template(table.At("template").path, toml_.Text(table, "template", ""));
    } else {
      rule.pieces.push_back({toml_.Text(table, "text", ""), -1});
    }
    rule.values = toml_.WordTable(table, "values");
    return rule;
  }

  // A text in quotes is a column's name, with braces a template; a table says it at length.
  TextRule Rule(const Node& node, std::string_view what) {
    if (node.value.is_string()) {
      TextRule rule;
      const auto text = node.value.get<std::string>();
      if (text.find('{') != std::string::npos)
        rule.pieces = Template(node.path, text);
      else
        rule.pieces.push_back({"", Column(node.path, text)});
      return rule;
    }
    if (node.value.is_array() && !node.value.empty()) return FirstOf(node, what);
    if (!node.value.is_object()) {
      toml_.Complain(node.path, std::string(what) + ": expected a column's name or { column = … }");
      return {};
    }
    toml_.CheckKeys(node, std::string(what) + ".", {"column", "template", "text", "values"});
    return RuleOf(node, what);
  }

  // A list: the first that is not missing.
  TextRule FirstOf(const Node& list, std::string_view what) {
    TextRule rule;
    for (const Node& item : list.Items()) {
      TextRule one = Rule(item, what);
      if (item.value.is_array())
        toml_.Complain(item.path, std::string(what) + ": expected no list in a list");
      if (rule.given())
        rule.otherwise.push_back(std::move(one));
      else
        rule = std::move(one);
    }
    return rule;
  }

  TextRule OptionalRule(const Node& table, std::string_view key) {
    return table.Has(key) ? Rule(table.At(key), key) : TextRule{};
  }

  // A fixed text under `key`, such as a unit.
  TextRule FixedText(const Node& table, std::string_view key) {
    TextRule rule;
    if (table.Has(key)) rule.pieces.push_back({toml_.Text(table, key, ""), -1});
    return rule;
  }

  DateRule ReadDate(const Node& record, std::string_view key) {
    DateRule rule;
    if (!record.Has(key)) return rule;
    const Node node = record.At(key);
    if (!node.value.is_array() || node.value.empty()) return ReadOneDate(node, key);
    for (const Node& item : node.Items()) {
      DateRule one = ReadOneDate(item, key);
      if (rule.text.given())
        rule.otherwise.push_back(std::move(one));
      else
        rule = std::move(one);
    }
    return rule;
  }

  DateRule ReadOneDate(const Node& node, std::string_view key) {
    DateRule rule;
    if (node.value.is_object()) {
      toml_.CheckKeys(node, std::string(key) + ".",
                      {"column", "template", "pattern", "plus_days", "minus_days"});
      rule.text = RuleOf(node, key);
      rule.patterns = Patterns(node, "pattern");
      rule.plus_days = OptionalRule(node, "plus_days");
      rule.minus_days = OptionalRule(node, "minus_days");
    } else {
      rule.text = Rule(node, key);
    }
    if (rule.patterns.empty() && mapping_.dates.empty()) {
      toml_.Complain(node.path, std::string(key) + ": expected a pattern here or file.date");
    }
    return rule;
  }

  CodeRule ReadCode(const Node& node) {
    CodeRule rule;
    if (!node.value.is_object()) {
      toml_.Complain(node.path,
                     "code: expected { system = …, code = … } or { system = …, column = … }");
      return rule;
    }
    toml_.CheckKeys(node, "code.",
                    {"system", "system_column", "version", "version_column", "code", "column",
                     "template", "display", "display_column", "values", "dot_after"});
    rule.system = toml_.Text(node, "system", "");
    rule.system_column = OptionalRule(node, "system_column");
    rule.version = toml_.Text(node, "version", "");
    const bool from_row = node.Has("column") || node.Has("template");
    if (node.Has("code") && from_row)
      toml_.Complain(node.path, "code: expected either code or column");
    rule.code = from_row ? RuleOf(node, "code") : FixedText(node, "code");
    rule.display = node.Has("display_column") ? OptionalRule(node, "display_column")
                                              : FixedText(node, "display");
    rule.version_column = OptionalRule(node, "version_column");
    if (!rule.code.given() && !rule.display.given()) {
      toml_.Complain(node.path, "code: expected code, column or display_column");
    }
    if (node.Has("dot_after")) rule.dot_after = toml_.Integer(node.At("dot_after"), "dot_after");
    return rule;
  }

  void ReadCodes(const Node& record, RecordRule& rule) {
    if (!record.Has("code")) return;
    const Node node = record.At("code");
    if (!node.value.is_array()) return rule.codes.push_back(ReadCode(node));
    for (const Node& item : node.Items()) rule.codes.push_back(ReadCode(item));
  }

  void ReadValue(const Node& record, RecordRule& rule) {
    if (!record.Has("value")) return;
    const Node node = record.At("value");
    ValueRule& value = rule.value.emplace();
    if (!node.value.is_object()) {
      value.text = Rule(node, "value");
      return;
    }
    toml_.CheckKeys(
        node, "value.",
        {"column", "template", "text", "values", "type", "unit", "unit_column", "unit_in_value",
         "unit_values", "system", "words", "or_text", "low", "high", "decimal"});
    value.text = RuleOf(node, "value");
    value.kind = ReadValueKind(node);
    value.unit =
        node.Has("unit_column") ? OptionalRule(node, "unit_column") : FixedText(node, "unit");
    const Words units = toml_.WordTable(node, "unit_values");
    value.unit.values.insert(value.unit.values.end(), units.begin(), units.end());
    value.unit_in_value = toml_.Flag(node, "unit_in_value");
    value.or_text = toml_.Flag(node, "or_text");
    value.low = OptionalRule(node, "low");
    value.high = OptionalRule(node, "high");
    value.system = toml_.Text(node, "system", "");
    value.words = toml_.Texts(node, "words");
    if (node.Has("decimal")) value.number = DecimalMarks(node);
  }

  ValueKind ReadValueKind(const Node& value) {
    const std::string type = toml_.Text(value, "type", "number");
    if (type == "number") return ValueKind::kNumber;
    if (type == "code") return ValueKind::kCode;
    if (type != "text") {
      toml_.Complain(value.At("type").path,
                     "type: found \"" + type + "\", expected number, code or text");
    }
    return ValueKind::kText;
  }

  void ReadWhen(const Node& record, RecordRule& rule) {
    if (!record.Has("when")) return;
    const Node node = record.At("when");
    if (!node.value.is_array()) return AddCondition(node, rule);
    for (const Node& item : node.Items()) AddCondition(item, rule);
  }

  void AddCondition(const Node& node, RecordRule& rule) {
    if (!node.value.is_object()) {
      return toml_.Complain(node.path, "when: expected { column = …, equals = [ … ] }");
    }
    toml_.CheckKeys(node, "when.", {"column", "equals", "not_equals"});
    Condition condition;
    condition.column = Column(node.path, toml_.Text(node, "column", ""));
    condition.equals = toml_.Texts(node, "equals");
    condition.not_equals = toml_.Texts(node, "not_equals");
    rule.when.push_back(std::move(condition));
  }

  void ReadRecord(const Node& record) {
    toml_.CheckKeys(record, "record.",
                    {"kind", "per", "id", "patient", "visit", "sex", "birth", "code", "value",
                     "start", "end", "status", "type", "route", "quantity", "when"});
    RecordRule rule;
    rule.kind = ReadKind(record);
    rule.per = toml_.Text(record, "per", "");
    rule.id = OptionalRule(record, "id");
    rule.patient = record.Has("patient") ? OptionalRule(record, "patient") : patient_;
    rule.visit = OptionalRule(record, "visit");
    rule.sex = OptionalRule(record, "sex");
    rule.birth = ReadDate(record, "birth");
    ReadCodes(record, rule);
    ReadValue(record, rule);
    rule.start = ReadDate(record, "start");
    rule.end = ReadDate(record, "end");
    rule.status = OptionalRule(record, "status");
    rule.type = OptionalRule(record, "type");
    rule.route = OptionalRule(record, "route");
    rule.quantity = OptionalRule(record, "quantity");
    ReadWhen(record, rule);
    CheckRecord(record.path, rule);
    mapping_.records.push_back(std::move(rule));
  }

  RecordKind ReadKind(const Node& record) {
    const std::string word = toml_.Text(record, "kind", "");
    for (const KindWord& kind : kKinds) {
      if (kind.word == word) return kind.kind;
    }
    std::string list;
    for (const KindWord& kind : kKinds) list += (list.empty() ? "" : ", ") + std::string(kind.word);
    toml_.Complain(record.path + ".kind", "kind: found \"" + word + "\", expected one of: " + list);
    return RecordKind::kObservation;
  }

  void CheckRecord(const std::string& path, const RecordRule& rule) {
    using enum RecordKind;
    CheckPer(path, rule.per);
    if (!rule.patient.given()) {
      toml_.Complain(path, "found no patient, expected file.patient or record.patient");
    }
    if (!rule.id.given()) toml_.Complain(path, "found no id, expected a text unique to the record");
    const bool person = rule.kind == kPerson;
    if (person && (!rule.codes.empty() || rule.value || rule.start.text.given())) {
      toml_.Complain(path, "a person has no code, value or start");
    }
    if (!person && (rule.sex.given() || rule.birth.text.given())) {
      toml_.Complain(path, "only a person has sex and birth");
    }
    const bool coded = rule.kind == kCondition || rule.kind == kMeasurement || rule.kind == kDrug ||
                       rule.kind == kProcedure || rule.kind == kObservation;
    if (coded && rule.codes.empty()) toml_.Complain(path, "found no code, expected one");
    if (rule.kind == kMeasurement && !rule.value)
      toml_.Complain(path, "found no value, expected one");
  }

  // Which rows a format has.
  void CheckPer(const std::string& path, const std::string& per) {
    std::vector<std::string_view> rows;
    switch (mapping_.format) {
      case SourceFormat::kCsv: rows = {""}; break;
      case SourceFormat::kLdt2:
      case SourceFormat::kLdt3: rows = {"report", "result"}; break;
      case SourceFormat::kHprim: rows = {"P", "OBR", "OBX"}; break;
      case SourceFormat::kSphn:
        if (per.empty())
          toml_.Complain(path, "found no per, expected a class such as \"LabTestEvent\"");
        return;
      case SourceFormat::kRedcap:
      case SourceFormat::kOpenEhr: return;
    }
    if (std::ranges::find(rows, per) != rows.end()) return;
    std::string list;
    for (const std::string_view row : rows) list += (list.empty() ? "" : ", ") + std::string(row);
    toml_.Complain(path, rows.size() == 1 ? "per: expected none, each row of a CSV file is one"
                                          : "per: found \"" + per + "\", expected one of: " + list);
  }

  TomlTable toml_;
  Mapping& mapping_;  // not owned, outlives this
  TextRule patient_;
};

}  // namespace

std::string_view SourceFormatName(SourceFormat format) {
  return std::ranges::find(kFormats, format, &FormatWord::format)->word;
}

Result<void> ReadMapping(std::string_view toml, std::string_view name, Mapping& mapping) {
  std::map<std::string, int> lines;
  CLINNOVA_ASSIGN(const json root, core::TomlToJson(toml, name, lines));
  Reader reader(name, lines, mapping);
  reader.Read({root, ""});
  return reader.Outcome();
}

}  // namespace clinnova::intake
