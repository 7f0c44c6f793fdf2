// SPDX-License-Identifier: Apache-2.0
#include "stats/study_fixture.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "federation/in_process.h"
#include "stats/method.h"

namespace clinnova::stats {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The value at a pointer; null and a failed test when there is none.
Json At(const std::string& text, std::string_view pointer) {
  const Json answer = Json::parse(text, nullptr, false);
  const Json::json_pointer where{std::string(pointer)};
  if (answer.is_discarded() || !answer.contains(where)) {
    ADD_FAILURE() << "no " << pointer << " in " << text;
    return nullptr;
  }
  return answer.at(where);
}

double AsNumber(const Json& value) { return value.is_number() ? value.get<double>() : kNaN; }

/// Row `row` of `from` appended to `to`; the last column is `site`.
void AppendRow(const table::Table& from, std::size_t row, table::Table& to) {
  for (std::size_t c = 0; c < from.columns.size(); ++c) {
    if (!from.columns[c].numbers.empty())
      to.columns[c].numbers.push_back(from.columns[c].numbers[row]);
    if (!from.columns[c].codes.empty()) to.columns[c].codes.push_back(from.columns[c].codes[row]);
  }
  ++to.rows;
}

}  // namespace

double Answer::Number(std::string_view pointer) const {
  const Json value = At(text_, pointer);
  EXPECT_TRUE(value.is_number()) << pointer << " is " << value;
  return AsNumber(value);
}

std::string Answer::Text(std::string_view pointer) const {
  const Json value = At(text_, pointer);
  EXPECT_TRUE(value.is_string()) << pointer << " is " << value;
  return value.is_string() ? value.get<std::string>() : "";
}

bool Answer::True(std::string_view pointer) const {
  const Json value = At(text_, pointer);
  EXPECT_TRUE(value.is_boolean()) << pointer << " is " << value;
  return value.is_boolean() && value.get<bool>();
}

bool Answer::Has(std::string_view pointer) const {
  return Json::parse(text_).contains(Json::json_pointer{std::string(pointer)});
}

bool Answer::IsNull(std::string_view pointer) const { return At(text_, pointer).is_null(); }

std::size_t Answer::Size(std::string_view pointer) const { return At(text_, pointer).size(); }

std::vector<double> Answer::Numbers(std::string_view pointer) const {
  std::vector<double> numbers;
  for (const Json& value : At(text_, pointer)) numbers.push_back(AsNumber(value));
  return numbers;
}

std::vector<std::string> Answer::Texts(std::string_view pointer) const {
  std::vector<std::string> texts;
  for (const Json& value : At(text_, pointer)) {
    texts.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return texts;
}

federation::Study StudyOf(std::string_view analysis, int minimum_count) {
  const std::string text =
      "[study]\ntitle = \"Test\"\npurpose = \"Test\"\nminimum_sites = 1\n"
      "[privacy]\nminimum_count = " +
      std::to_string(minimum_count) + "\n[[analysis]]\nname = \"a\"\n" + std::string(analysis);
  auto study = federation::Study::FromToml(text, "test.toml");
  if (!study) throw std::runtime_error(study.error().message);
  return std::move(*study);
}

Answer RunOne(std::string_view analysis, std::vector<table::Table> tables, RunSetting setting) {
  const federation::Study study = StudyOf(analysis, setting.minimum_count);
  if (const auto checked = CheckAnalyses(study); !checked) return {"", checked.error()};
  std::vector<std::string> names;
  for (std::size_t s = 1; s <= tables.size(); ++s) names.push_back("s" + std::to_string(s));
  const auto federation =
      federation::InProcessFederation::Create({.study = study,
                                               .site_names = names,
                                               .tables = std::move(tables),
                                               .steps = &Steps(),
                                               .minimum_count = setting.minimum_count,
                                               .limits = setting.limits,
                                               .threads = setting.threads});
  if (!federation) return {"", federation.error()};
  const auto result = RunAnalysis(**federation, study.analyses().front());
  if (!result) return {"", result.error(), (*federation)->secure()};
  return {core::ResultJson(*result), {}, (*federation)->secure()};
}

std::vector<table::Table> Split(const table::Table& table,
                                const std::vector<std::size_t>& site_of_row, std::size_t sites) {
  table::Schema schema = table.schema;
  schema.columns.back().levels.clear();
  for (std::size_t s = 1; s <= sites; ++s)
    schema.columns.back().levels.push_back("s" + std::to_string(s));
  std::vector<table::Table> parts(sites, table::EmptyTable(schema));
  for (std::size_t r = 0; r < table.rows; ++r) {
    const std::size_t site = site_of_row[r];
    AppendRow(table, r, parts[site]);
    parts[site].columns.back().codes.back() = static_cast<std::int32_t>(site);
  }
  return parts;
}

table::Table Reordered(const table::Table& table, const std::vector<std::size_t>& order) {
  table::Table result = table::EmptyTable(table.schema);
  for (const std::size_t row : order) AppendRow(table, row, result);
  return result;
}

}  // namespace clinnova::stats
