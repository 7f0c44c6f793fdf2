// SPDX-License-Identifier: Apache-2.0
#include "intake/mapping.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <toml++/toml.h>

namespace clinnova::intake {
namespace {

struct KindWord {
  std::string_view word;
  RecordKind kind;
};
constexpr KindWord kKinds[] = {
    {"person", RecordKind::kPerson},           {"visit", RecordKind::kVisit},
    {"condition", RecordKind::kCondition},     {"measurement", RecordKind::kMeasurement},
    {"drug", RecordKind::kDrug},               {"procedure", RecordKind::kProcedure},
    {"observation", RecordKind::kObservation}, {"death", RecordKind::kDeath},
    {"consent", RecordKind::kConsent}};

// Reads one mapping out of parsed TOML. Keeps the first error; every reader gives a default after it,
// so that the walk needs no check per key.
class Reader {
 public:
  Reader(std::string_view name, Mapping& mapping) : name_(name), mapping_(mapping) {}

  void ReadMapping(const toml::table& root) {
    CheckKeys(root, "", {"file", "record"});
    const toml::table* file = root["file"].as_table();
    if (file == nullptr) return Complain(root, "found no [file], expected one");
    ReadFile(*file);
    const toml::array* records = root["record"].as_array();
    if (records == nullptr || records->empty()) {
      return Complain(root, "found no [[record]], expected one or more");
    }
    for (const toml::node& record : *records) {
      if (!record.is_table()) return Complain(record, "record: expected [[record]] tables");
      ReadRecord(*record.as_table());
    }
  }

  Result<void> Outcome() const {
    if (error_.empty()) return {};
    return Fail(ErrorCode::kInvalidInput, error_);
  }

 private:
  void Complain(const toml::node& node, const std::string& message) {
    if (!error_.empty()) return;
    error_ = name_ + ":" + std::to_string(node.source().begin.line) + ": " + message;
  }

  void CheckKeys(const toml::table& table, std::string_view where,
                 std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table) {
      if (std::ranges::find(known, key.str()) != known.end()) continue;
      std::string list;
      for (std::string_view word : known) list += (list.empty() ? "" : ", ") + std::string(word);
      Complain(node, "unknown key " + std::string(where) + std::string(key.str()) +
                         ", expected one of: " + list);
    }
  }

  std::string Text(const toml::table& table, std::string_view key, std::string_view otherwise) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::string(otherwise);
    if (!node->is_string()) {
      Complain(*node, std::string(key) + ": expected a text in quotes");
      return std::string(otherwise);
    }
    return node->as_string()->get();
  }

  std::vector<std::string> Texts(const toml::table& table, std::string_view key) {
    std::vector<std::string> texts;
    const toml::node* node = table.get(key);
    if (node == nullptr) return texts;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      Complain(*node, std::string(key) + ": expected a list of texts");
      return texts;
    }
    for (const toml::node& item : *array) {
      if (item.is_string()) texts.push_back(item.as_string()->get());
      else Complain(item, std::string(key) + ": expected a list of texts in quotes");
    }
    return texts;
  }

  char Character(const toml::table& table, std::string_view key, char otherwise) {
    const std::string text = Text(table, key, std::string(1, otherwise));
    if (text.size() == 1) return text[0];
    Complain(*table.get(key), std::string(key) + ": found \"" + text + "\", expected one character");
    return otherwise;
  }

  template <typename T>
  std::optional<T> Checked(const toml::table& table, std::string_view key, Result<T> result) {
    if (result) return std::move(*result);
    Complain(*table.get(key), std::string(key) + ": " + result.error().message);
    return std::nullopt;
  }

  void ReadFile(const toml::table& file) {
    CheckKeys(file, "file.",
              {"pattern", "delimiter", "quote", "encoding", "decimal", "thousands", "date", "missing",
               "header", "patient", "description"});
    mapping_.pattern = Text(file, "pattern", "");
    if (mapping_.pattern.empty()) Complain(file, "found no file.pattern, expected \"name*.csv\"");
    mapping_.delimiter = Character(file, "delimiter", ',');
    const std::string quote = Text(file, "quote", "\"");
    mapping_.quote = quote.empty() ? '\0' : quote[0];
    if (quote.size() > 1) Complain(file, "quote: expected one character, or \"\" for none");
    if (file.contains("encoding")) {
      const auto encoding = Checked(file, "encoding", ParseEncoding(Text(file, "encoding", "")));
      if (encoding) mapping_.encoding = *encoding;
    }
    mapping_.number.decimal = DecimalMark(file, '.');
    mapping_.number.thousands = Text(file, "thousands", "");
    if (mapping_.number.thousands == std::string(1, mapping_.number.decimal)) {
      Complain(file, "thousands: expected another mark than decimal");
    }
    mapping_.date = Pattern(file, "date");
    mapping_.missing = Texts(file, "missing");
    mapping_.header = Texts(file, "header");
    if (const toml::node* patient = file.get("patient")) patient_ = Rule(*patient, "patient");
  }

  char DecimalMark(const toml::table& table, char otherwise) {
    const char mark = Character(table, "decimal", otherwise);
    if (mark == '.' || mark == ',') return mark;
    Complain(*table.get("decimal"), "decimal: expected \".\" or \",\"");
    return otherwise;
  }

  std::optional<DatePattern> Pattern(const toml::table& table, std::string_view key) {
    if (!table.contains(key)) return std::nullopt;
    return Checked(table, key, DatePattern::Parse(Text(table, key, "")));
  }

  int Column(const toml::node& node, const std::string& column) {
    if (column.empty()) Complain(node, "found an empty column name");
    const std::vector<std::string>& header = mapping_.header;
    if (!header.empty() && std::ranges::find(header, column) == header.end()) {
      Complain(node, "unknown column \"" + column + "\", expected one of file.header");
    }
    const auto found = std::ranges::find(mapping_.columns, column);
    if (found == mapping_.columns.end()) {
      mapping_.columns.push_back(column);
      return static_cast<int>(mapping_.columns.size()) - 1;
    }
    return static_cast<int>(found - mapping_.columns.begin());
  }

  // "{a}/{b}" -> column a, "/", column b.
  std::vector<TextRule::Piece> Template(const toml::node& node, std::string_view text) {
    std::vector<TextRule::Piece> pieces;
    while (!text.empty()) {
      const std::size_t open = text.find('{');
      if (open != 0) pieces.push_back({std::string(text.substr(0, open)), -1});
      if (open == std::string_view::npos) break;
      const std::size_t close = text.find('}', open);
      if (close == std::string_view::npos) {
        Complain(node, "found { without }, expected {column}");
        break;
      }
      pieces.push_back({"", Column(node, std::string(text.substr(open + 1, close - open - 1)))});
      text.remove_prefix(close + 1);
    }
    return pieces;
  }

  void ReadValues(const toml::table& table, TextRule& rule) {
    const toml::node* node = table.get("values");
    if (node == nullptr) return;
    if (!node->is_table()) return Complain(*node, "values: expected { word = \"meaning\" }");
    for (const auto& [word, meaning] : *node->as_table()) {
      if (!meaning.is_string()) Complain(meaning, "values: expected texts in quotes");
      else rule.values.emplace_back(std::string(word.str()), meaning.as_string()->get());
    }
  }

  // The text that `table` describes: exactly one of column, template, text.
  TextRule RuleOf(const toml::table& table, std::string_view what) {
    TextRule rule;
    const int ways = static_cast<int>(table.contains("column")) +
                     static_cast<int>(table.contains("template")) +
                     static_cast<int>(table.contains("text"));
    if (ways != 1) {
      Complain(table, std::string(what) + ": expected one of column, template, text");
      return rule;
    }
    const std::string column = Text(table, "column", "");
    if (table.contains("column")) rule.pieces.push_back({"", Column(*table.get("column"), column)});
    else if (const toml::node* node = table.get("template")) rule.pieces = Template(*node, Text(table, "template", ""));
    else rule.pieces.push_back({Text(table, "text", ""), -1});
    ReadValues(table, rule);
    return rule;
  }

  // A text in quotes is a column's name, with braces a template; a table says it at length.
  TextRule Rule(const toml::node& node, std::string_view what) {
    if (const auto* text = node.as_string()) {
      TextRule rule;
      if (text->get().find('{') != std::string::npos) rule.pieces = Template(node, text->get());
      else rule.pieces.push_back({"", Column(node, text->get())});
      return rule;
    }
    if (!node.is_table()) {
      Complain(node, std::string(what) + ": expected a column's name or { column = … }");
      return {};
    }
    CheckKeys(*node.as_table(), std::string(what) + ".", {"column", "template", "text", "values"});
    return RuleOf(*node.as_table(), what);
  }

  TextRule OptionalRule(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    return node == nullptr ? TextRule{} : Rule(*node, key);
  }

  DateRule ReadDate(const toml::table& record, std::string_view key) {
    DateRule rule;
    const toml::node* node = record.get(key);
    if (node == nullptr) return rule;
    const toml::table* table = node->as_table();
    if (table == nullptr) {
      rule.text = Rule(*node, key);
    } else {
      CheckKeys(*table, std::string(key) + ".", {"column", "template", "pattern"});
      rule.text = RuleOf(*table, key);
      rule.pattern = Pattern(*table, "pattern");
    }
    if (!rule.pattern && !mapping_.date) {
      Complain(*node, std::string(key) + ": expected a pattern here or file.date");
    }
    return rule;
  }

  CodeRule ReadCode(const toml::node& node) {
    CodeRule rule;
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      Complain(node, "code: expected { system = …, code = … } or { system = …, column = … }");
      return rule;
    }
    CheckKeys(*table, "code.",
              {"system", "version", "version_column", "code", "column", "template", "display",
               "display_column", "values", "dot_after"});
    rule.system = Text(*table, "system", "");
    rule.version = Text(*table, "version", "");
    if (table->contains("code")) {
      if (table->contains("column") || table->contains("template")) {
        Complain(node, "code: expected either code or column");
      }
      rule.code.pieces.push_back({Text(*table, "code", ""), -1});
    } else if (table->contains("column") || table->contains("template")) {
      rule.code = RuleOf(*table, "code");
    }
    if (table->contains("display")) rule.display.pieces.push_back({Text(*table, "display", ""), -1});
    if (const toml::node* column = table->get("display_column")) rule.display = Rule(*column, "display_column");
    if (const toml::node* column = table->get("version_column")) rule.version_column = Rule(*column, "version_column");
    if (!rule.code.given() && !rule.display.given()) {
      Complain(node, "code: expected code, column or display_column");
    }
    if (const toml::node* dot = table->get("dot_after")) rule.dot_after = Integer(*dot, "dot_after");
    return rule;
  }

  int Integer(const toml::node& node, std::string_view key) {
    const auto* integer = node.as_integer();
    if (integer != nullptr && integer->get() > 0 && integer->get() < 100) return static_cast<int>(integer->get());
    Complain(node, std::string(key) + ": expected a whole number from 1 to 99");
    return 0;
  }

  void ReadCodes(const toml::table& record, RecordRule& rule) {
    const toml::node* node = record.get("code");
    if (node == nullptr) return;
    if (const toml::array* list = node->as_array()) {
      for (const toml::node& item : *list) rule.codes.push_back(ReadCode(item));
    } else {
      rule.codes.push_back(ReadCode(*node));
    }
  }

  void ReadValue(const toml::table& record, RecordRule& rule) {
    const toml::node* node = record.get("value");
    if (node == nullptr) return;
    ValueRule& value = rule.value.emplace();
    const toml::table* table = node->as_table();
    if (table == nullptr) {
      value.text = Rule(*node, "value");
      return;
    }
    CheckKeys(*table, "value.",
              {"column", "template", "text", "values", "type", "unit", "unit_column", "unit_in_value",
               "unit_values", "system", "words", "decimal"});
    value.text = RuleOf(*table, "value");
    value.kind = ReadValueKind(*table);
    ReadUnit(*table, value);
    value.system = Text(*table, "system", "");
    value.words = Texts(*table, "words");
    if (table->contains("decimal")) value.decimal = DecimalMark(*table, '.');
  }

  ValueKind ReadValueKind(const toml::table& value) {
    const std::string type = Text(value, "type", "number");
    if (type == "number") return ValueKind::kNumber;
    if (type == "code") return ValueKind::kCode;
    if (type != "text") {
      Complain(*value.get("type"), "type: found \"" + type + "\", expected number, code or text");
    }
    return ValueKind::kText;
  }

  void ReadUnit(const toml::table& table, ValueRule& value) {
    if (const toml::node* column = table.get("unit_column")) value.unit = Rule(*column, "unit_column");
    else if (table.contains("unit")) value.unit.pieces.push_back({Text(table, "unit", ""), -1});
    if (const toml::node* node = table.get("unit_in_value")) {
      if (!node->is_boolean()) Complain(*node, "unit_in_value: expected true or false");
      else value.unit_in_value = node->as_boolean()->get();
    }
    const toml::node* words = table.get("unit_values");
    if (words == nullptr) return;
    if (!words->is_table()) return Complain(*words, "unit_values: expected { spelling = \"unit\" }");
    for (const auto& [word, unit] : *words->as_table()) {
      if (unit.is_string()) value.unit.values.emplace_back(std::string(word.str()), unit.as_string()->get());
      else Complain(unit, "unit_values: expected texts in quotes");
    }
  }

  void ReadWhen(const toml::table& record, RecordRule& rule) {
    const toml::node* node = record.get("when");
    if (node == nullptr) return;
    if (const toml::array* list = node->as_array()) {
      for (const toml::node& item : *list) AddCondition(item, rule);
    } else {
      AddCondition(*node, rule);
    }
  }

  void AddCondition(const toml::node& node, RecordRule& rule) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return Complain(node, "when: expected { column = …, equals = [ … ] }");
    CheckKeys(*table, "when.", {"column", "equals", "not_equals"});
    Condition condition;
    condition.column = Column(node, Text(*table, "column", ""));
    condition.equals = Texts(*table, "equals");
    condition.not_equals = Texts(*table, "not_equals");
    rule.when.push_back(std::move(condition));
  }

  void ReadRecord(const toml::table& record) {
    CheckKeys(record, "record.",
              {"kind", "id", "patient", "visit", "sex", "birth", "code", "value", "start", "end",
               "status", "type", "route", "quantity", "when"});
    RecordRule rule;
    rule.line = static_cast<int>(record.source().begin.line);
    rule.kind = ReadKind(record);
    rule.id = OptionalRule(record, "id");
    rule.patient = record.contains("patient") ? OptionalRule(record, "patient") : patient_;
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
    CheckRecord(record, rule);
    mapping_.records.push_back(std::move(rule));
  }

  RecordKind ReadKind(const toml::table& record) {
    const std::string word = Text(record, "kind", "");
    for (const KindWord& kind : kKinds) {
      if (kind.word == word) return kind.kind;
    }
    std::string list;
    for (const KindWord& kind : kKinds) list += (list.empty() ? "" : ", ") + std::string(kind.word);
    Complain(record, "kind: found \"" + word + "\", expected one of: " + list);
    return RecordKind::kObservation;
  }

  void CheckRecord(const toml::table& record, const RecordRule& rule) {
    if (!rule.patient.given()) Complain(record, "found no patient, expected file.patient or record.patient");
    if (!rule.id.given()) Complain(record, "found no id, expected a text unique to the record");
    const bool person = rule.kind == RecordKind::kPerson;
    if (person && (!rule.codes.empty() || rule.value || rule.start.text.given())) {
      Complain(record, "a person has no code, value or start");
    }
    if (!person && (rule.sex.given() || rule.birth.text.given())) {
      Complain(record, "only a person has sex and birth");
    }
    const bool coded = rule.kind == RecordKind::kCondition || rule.kind == RecordKind::kMeasurement ||
                       rule.kind == RecordKind::kDrug || rule.kind == RecordKind::kProcedure ||
                       rule.kind == RecordKind::kObservation;
    if (coded && rule.codes.empty()) Complain(record, "found no code, expected one");
    if (rule.kind == RecordKind::kMeasurement && !rule.value) Complain(record, "found no value, expected one");
  }

  std::string name_;
  Mapping& mapping_;  // not owned, outlives this
  TextRule patient_;
  std::string error_;
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Glob with * and ?, letters' case ignored.
bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || Lower(pattern[p]) == Lower(text[t]))) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

const std::string* TextRule::Translate(std::string_view word) const {
  for (const auto& [source, meaning] : values) {
    if (source == word) return &meaning;
  }
  return nullptr;
}

Result<Mapping> Mapping::Parse(std::string_view toml, std::string_view name) {
  toml::table root;
  try {
    root = toml::parse(toml, name);
  } catch (const toml::parse_error& error) {
    return Fail(ErrorCode::kInvalidInput, std::string(name) + ":" +
                                              std::to_string(error.source().begin.line) + ": " +
                                              std::string(error.description()));
  }
  Mapping mapping;
  mapping.name = std::string(name);
  Reader reader(name, mapping);
  reader.ReadMapping(root);
  CLINNOVA_TRY(reader.Outcome());
  return mapping;
}

Result<Mapping> Mapping::Load(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) return Fail(ErrorCode::kFailed, path.string() + ": cannot be read");
  return Parse(text.str(), path.string());
}

bool Mapping::Matches(std::string_view file_name) const { return GlobMatches(pattern, file_name); }

Result<std::vector<Mapping>> LoadDialect(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".toml") paths.push_back(entry->path());
  }
  if (error) return Fail(ErrorCode::kInvalidInput, folder.string() + ": " + error.message());
  if (paths.empty()) {
    return Fail(ErrorCode::kInvalidInput, folder.string() + ": found no mapping, expected *.toml files");
  }
  std::ranges::sort(paths);
  std::vector<Mapping> dialect;
  for (const std::filesystem::path& path : paths) {
    CLINNOVA_ASSIGN(Mapping mapping, Mapping::Load(path));
    for (const Mapping& other : dialect) {
      if (other.pattern != mapping.pattern) continue;
      return Fail(ErrorCode::kInvalidInput, mapping.name + ": file.pattern \"" + mapping.pattern +
                                                "\" is already that of " + other.name);
    }
    dialect.push_back(std::move(mapping));
  }
  return dialect;
}

const Mapping* FindMapping(const std::vector<Mapping>& dialect, std::string_view file_name) {
  const auto found = std::ranges::find_if(
      dialect, [&](const Mapping& mapping) { return mapping.Matches(file_name); });
  return found == dialect.end() ? nullptr : &*found;
}

}  // namespace clinnova::intake
