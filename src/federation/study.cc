// SPDX-License-Identifier: Apache-2.0
#include "federation/study.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/json_text.h"
#include "core/text.h"
#include "core/toml_json.h"
#include "table/formula_dot.h"

namespace clinnova::federation {
namespace {

using Json = nlohmann::json;

/// Reads the keys of one table of the document; remembers the first thing wrong.
class TableReader {
 public:
  TableReader(const Json& table, std::string path, const std::map<std::string, int>& lines,
              std::string_view file)
      : table_(table), path_(std::move(path)), lines_(lines), file_(file) {
    if (!table_.is_object()) Wrong("", Found(table_, "a table"));
  }

  std::string Text(const char* key, std::string otherwise = {}) {
    return Get(key, "a text", std::move(otherwise), [](const Json& v) { return v.is_string(); });
  }
  std::string RequiredText(const char* key) {
    const std::string text = Text(key);
    if (text.empty()) missing_.emplace_back(key);
    return text;
  }
  bool Flag(const char* key, bool otherwise) {
    return Get(key, "true or false", otherwise, [](const Json& v) { return v.is_boolean(); });
  }
  double Number(const char* key, double otherwise) {
    return Get(key, "a number", otherwise, [](const Json& v) { return v.is_number(); });
  }
  int Count(const char* key, int otherwise) {
    const int count =
        Get(key, "a whole number", otherwise, [](const Json& v) { return v.is_number_integer(); });
    if (count < 0) Wrong(key, "found " + std::to_string(count) + ", expected 0 or more");
    return count;
  }
  std::vector<std::string> Texts(const char* key) {
    return Get(key, "a list of texts", std::vector<std::string>{}, [](const Json& v) {
      return v.is_array() &&
             std::all_of(v.begin(), v.end(), [](const Json& e) { return e.is_string(); });
    });
  }
  /// What was not asked for is an error, and told before what is missing: a misspelt key is both.
  void NoOtherKeys() {
    if (!table_.is_object()) return;
    for (const auto& [key, value] : table_.items()) {
      if (asked_.contains(key)) continue;
      Wrong(key, "unknown key, expected one of " + core::Joined(asked_));
    }
  }
  void Wrong(const std::string& key, const std::string& message) {
    if (error_) return;
    const std::string full = path_.empty() ? key : key.empty() ? path_ : path_ + "." + key;
    auto line = lines_.find(full);
    if (line == lines_.end()) line = lines_.find(path_);
    std::string where(file_);
    if (line != lines_.end() && line->second > 0) where += ":" + std::to_string(line->second);
    error_ = Fail(ErrorCode::kInvalidInput, where + ": " + full + ": " + message).value();
  }
  /// Must be the last call.
  std::optional<Error> error() {
    for (const char* key : missing_) Wrong(key, "found nothing, expected a text");
    return error_;
  }

 private:
  template <typename T, typename Check>
  T Get(const char* key, const char* expected, T otherwise, Check check) {
    asked_.insert(key);
    if (!table_.is_object() || !table_.contains(key)) return otherwise;
    const Json& value = table_.at(key);
    if (!check(value)) {
      Wrong(key, Found(value, expected));
      return otherwise;
    }
    return value.get<T>();
  }
  static std::string Found(const Json& value, const std::string& expected) {
    return "found " + value.dump() + ", expected " + expected;
  }

  const Json& table_;
  std::string path_;
  const std::map<std::string, int>& lines_;
  std::string_view file_;
  std::set<std::string> asked_;
  std::vector<const char*> missing_;
  std::optional<Error> error_;
};

table::ColumnDeclaration ReadColumn(TableReader& reader) {
  table::ColumnDeclaration column;
  column.name = reader.RequiredText("name");
  const std::string type = reader.Text("type");
  column.levels = reader.Texts("levels");
  if (type == "factor" || !column.levels.empty()) column.kind = table::ColumnKind::kFactor;
  if (type == "numeric") {
    column.kind = table::ColumnKind::kNumeric;
    if (!column.levels.empty()) reader.Wrong("levels", "a numeric column has no levels");
  } else if (!type.empty() && type != "factor") {
    reader.Wrong("type", "found \"" + type + "\", expected \"factor\" or \"numeric\"");
  }
  const std::set<std::string> distinct(column.levels.begin(), column.levels.end());
  if (distinct.size() != column.levels.size()) reader.Wrong("levels", "a level stands twice");
  reader.NoOtherKeys();
  return column;
}

}  // namespace

Result<Study> Study::FromJson(const Json& document, const std::map<std::string, int>& lines,
                              std::string_view file) {
  Study study;
  std::optional<Error> wrong;
  const auto note = [&](TableReader& reader) {
    if (!wrong) wrong = reader.error();
  };
  const auto fail = [&](const std::string& path, const std::string& message) {
    TableReader reader(document, "", lines, file);
    reader.Wrong(path, message);
    note(reader);
  };
  const Json empty = Json::object();
  const auto section = [&](const char* name) -> const Json& {
    return document.contains(name) ? document.at(name) : empty;
  };
  constexpr std::string_view kSections[] = {"study",  "cohort",  "variable",
                                            "column", "privacy", "analysis"};
  for (const auto& [key, value] : document.items()) {
    if (std::find(std::begin(kSections), std::end(kSections), key) == std::end(kSections)) {
      fail(key, "unknown key, expected one of study, cohort, variable, column, privacy, analysis");
    }
  }
  // Calls read(item, path) for each table of a list of tables such as [[analysis]].
  const auto each = [&](const char* name, const auto& read) {
    if (!document.contains(name)) return;
    const Json& list = document.at(name);
    if (!list.is_array()) return fail(name, "expected [[" + std::string(name) + "]]");
    for (std::size_t i = 0; i < list.size(); ++i) {
      read(list[i], std::string(name) + "[" + std::to_string(i) + "]");
    }
  };

  if (!document.contains("study")) fail("study", "found nothing, expected the section [study]");
  TableReader head(section("study"), "study", lines, file);
  study.title_ = head.RequiredText("title");
  study.purpose_ = head.Text("purpose");
  study.permit_ = head.Text("permit");
  study.researcher_ = head.Text("researcher");
  study.sites_ = head.Texts("sites");
  study.minimum_sites_ = head.Count("minimum_sites", 3);
  const std::set<std::string> distinct(study.sites_.begin(), study.sites_.end());
  if (distinct.size() != study.sites_.size()) head.Wrong("sites", "a site stands twice");
  head.NoOtherKeys();
  note(head);

  if (document.contains("cohort")) {
    TableReader cohort(section("cohort"), "cohort", lines, file);
    study.cohort_ =
        CohortDeclaration{cohort.Text("disease"), cohort.Text("index"), cohort.Text("circe")};
    if (study.cohort_->disease.empty() == study.cohort_->circe.empty()) {
      cohort.Wrong("", "expected either disease or circe");
    }
    cohort.NoOtherKeys();
    note(cohort);
  }
  TableReader privacy(section("privacy"), "privacy", lines, file);
  study.secure_sum_ = privacy.Flag("secure_sum", true);
  study.minimum_count_ = privacy.Count("minimum_count", 5);
  study.epsilon_ = privacy.Number("epsilon", 0.0);
  if (study.epsilon_ != 0.0) {
    privacy.Wrong("epsilon", "differential privacy is not there yet, expected 0");
  }
  for (const LimitKey& key : LimitKeys()) {
    const std::string name(key.name);
    const double limit = privacy.Number(name.c_str(), study.limits_.*key.member);
    if (limit < key.lowest || limit > key.highest) {
      privacy.Wrong(name, "found " + Json(limit).dump() + ", expected " + Json(key.lowest).dump() +
                              " to " + Json(key.highest).dump());
    }
    study.limits_.*key.member = limit;
  }
  privacy.NoOtherKeys();
  note(privacy);

  each("variable", [&](const Json& item, const std::string& path) {
    TableReader reader(item, path, lines, file);
    study.variables_.push_back({reader.RequiredText("name"), reader.RequiredText("feature")});
    reader.NoOtherKeys();
    note(reader);
  });
  each("column", [&](const Json& item, const std::string& path) {
    TableReader reader(item, path, lines, file);
    study.columns_.push_back(ReadColumn(reader));
    note(reader);
  });
  const auto analyses = std::make_shared<const Json>(
      document.contains("analysis") ? document.at("analysis") : Json::array());
  each("analysis", [&](const Json& item, const std::string& path) {
    TableReader reader(item, path, lines, file);
    const std::string name = reader.RequiredText("name");
    reader.RequiredText("method");
    if (study.FindAnalysis(name) != nullptr) {
      reader.Wrong("name",
                   "found \"" + name + "\" twice, expected a name that is unique in the study");
    }
    note(reader);
    if (!reader.error()) study.analyses_.push_back(*Analysis::FromJson(item, analyses));
  });
  if (study.analyses_.empty()) fail("analysis", "found none, expected at least one [[analysis]]");
  if (wrong) return tl::unexpected<Error>(*wrong);
  study.canonical_json_ = core::CanonicalJson(document);
  study.hash_ = core::Blake2b(study.canonical_json_);
  if (study.variables_.empty()) return study;
  std::vector<std::string> names;
  for (const VariableDeclaration& variable : study.variables_) names.push_back(variable.name);
  return study.WithColumns(names);
}

bool Study::NeedsColumns() const {
  return std::any_of(analyses_.begin(), analyses_.end(), [](const Analysis& analysis) {
    const auto formula = analysis.Text("formula", "");
    if (!formula) return false;
    const auto text = table::WithoutDot(*formula, {"any"});
    return !text || *text != *formula;
  });
}

Result<Study> Study::WithColumns(const std::vector<std::string>& names) const {
  if (!NeedsColumns()) return *this;
  auto list = std::make_shared<Json>(Json::array());  // shared by the analyses, as FromJson's
  for (const Analysis& analysis : analyses_) {
    Json& item = list->emplace_back(analysis.json());
    const auto formula = analysis.Text("formula", "");
    if (!formula || formula->empty()) continue;
    auto text = table::WithoutDot(*formula, names);
    if (!text) return FailAt("analysis \"" + analysis.name() + "\"", text);
    item["formula"] = std::move(*text);
  }
  Study study = *this;
  study.analyses_.clear();
  for (const Json& item : *list) study.analyses_.push_back(*Analysis::FromJson(item, list));
  return study;
}

Result<Study> Study::FromToml(std::string_view text, std::string_view file) {
  std::map<std::string, int> lines;
  CLINNOVA_ASSIGN(const Json document, core::TomlToJson(text, file, lines));
  return FromJson(document, lines, file);
}

Result<Study> Study::FromCanonicalJson(std::string_view json) {
  const Json document = Json::parse(json, nullptr, false);
  if (!document.is_object() || core::CanonicalJson(document) != json) {
    return Fail(ErrorCode::kInvalidInput, "study document: not canonical JSON", "malformed");
  }
  return FromJson(document, {}, "study document");
}

const Analysis* Study::FindAnalysis(std::string_view name) const {
  for (const Analysis& analysis : analyses_) {
    if (analysis.name() == name) return &analysis;
  }
  return nullptr;
}

}  // namespace clinnova::federation
