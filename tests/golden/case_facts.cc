// SPDX-License-Identifier: Apache-2.0
#include "case_facts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "federation/study.h"

namespace clinnova::golden {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using Row = std::vector<std::string>;

/// The tables of a case as text; write.R writes no quotes.
struct Tables {
  Row columns;
  std::map<std::string, std::vector<Row>> sites;  ///< with the site's name in a last column, "site"

  std::size_t Find(const std::string& column) const {
    return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) -
                                    columns.begin());
  }
};

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Row Fields(const std::string& line) {
  Row fields;
  std::istringstream in(line + ",");
  for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
  return fields;
}

Tables ReadTables(const fs::path& folder) {
  Tables tables;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string stem = entry.path().stem().string();
    if (!stem.starts_with("site_")) continue;
    const std::string site = stem.substr(5);
    std::istringstream in(Read(entry.path()));
    std::string line;
    std::getline(in, line);
    tables.columns = Fields(line);
    std::vector<Row>& rows = tables.sites[site];
    while (std::getline(in, line)) {
      rows.push_back(Fields(line));
      rows.back().push_back(site);
    }
  }
  tables.columns.emplace_back("site");
  return tables;
}

bool Missing(const std::string& field) { return field.empty() || field == "NA"; }

std::optional<double> Number(const std::string& field) {
  char* end = nullptr;
  const double value = std::strtod(field.c_str(), &end);
  if (Missing(field) || end != field.c_str() + field.size()) return std::nullopt;
  return value;
}

/// True where `text` has the name as a word: names of R may have dots.
bool Names(const std::string& text, const std::string& name) {
  const auto part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
  };
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || !part(text[at - 1])) && (end == text.size() || !part(text[end]))) return true;
  }
  return false;
}

/// A used column's values by site, without those that are missing.
struct Column {
  std::map<std::string, Row> values;
  bool factor = false;
  std::vector<std::string> declared;  ///< levels of [[column]]
};

Column ColumnOf(const Tables& tables, const std::string& name, const federation::Study& study) {
  Column column;
  const std::size_t c = tables.Find(name);
  for (const auto& [site, rows] : tables.sites) {
    if (rows.empty()) continue;
    Row& values = column.values[site];
    for (const Row& row : rows) {
      if (Missing(row[c])) continue;
      values.push_back(row[c]);
      if (!Number(row[c])) column.factor = true;
    }
  }
  for (const auto& declaration : study.columns()) {
    if (declaration.name != name) continue;
    column.declared = declaration.levels;
    column.factor = true;
  }
  return column;
}

void FactorConditions(const Column& column, std::set<std::string>& conditions) {
  std::map<std::string, int> sites_of_level;
  for (const auto& [site, values] : column.values) {
    for (const std::string& level : std::set<std::string>(values.begin(), values.end()))
      ++sites_of_level[level];
  }
  if (column.values.size() > 1 &&
      std::any_of(sites_of_level.begin(), sites_of_level.end(),
                  [](const auto& level) { return level.second == 1; })) {
    conditions.insert("level at one site");
  }
  for (const std::string& level : column.declared) {
    if (!sites_of_level.contains(level)) conditions.insert("unused level");
  }
}

void ScaleConditions(const Column& column, std::set<std::string>& conditions) {
  std::vector<double> sizes;
  for (const auto& [site, values] : column.values) {
    for (const std::string& value : values) {
      const double size = std::fabs(*Number(value));
      if (size > 0 && std::isfinite(size)) sizes.push_back(size);
    }
  }
  if (sizes.empty()) return;
  std::sort(sizes.begin(), sizes.end());
  if (sizes.back() < 1e-8) conditions.insert("1e-12");
  if (sizes[sizes.size() / 2] >= 1e11) conditions.insert("1e12");
}

/// True where one numeric column is a multiple of the other in the rows that have both, more than two different ones.
bool Multiples(const Tables& tables, std::size_t a, std::size_t b) {
  std::optional<double> ratio;
  std::set<double> seen;
  for (const auto& [site, rows] : tables.sites) {
    for (const Row& row : rows) {
      const auto x = Number(row[a]);
      const auto y = Number(row[b]);
      if (!x || !y) continue;
      if (*x == 0 || *y == 0) return false;
      if (!ratio) ratio = *y / *x;
      if (std::fabs(*y / *x / *ratio - 1) > 1e-12) return false;
      seen.insert(*x);
    }
  }
  return seen.size() > 2;
}

bool HasAliasedTerm(const json& expected) {
  const json terms = expected.value("terms", json::array());
  return expected.value("converged", true) &&
         std::any_of(terms.begin(), terms.end(), [](const json& term) {
           return term.contains("estimate") && term.at("estimate").is_null();
         });
}

/// What a formula of times or of matched sets says: the time and the status, "" where there is none.
struct Response {
  std::string time;
  std::string status;
  bool late = false;
};

Response ResponseOf(const CaseFacts& facts, const std::string& formula) {
  Response response;
  std::smatch match;
  static const std::regex kSurv(R"(Surv\(([^()]*)\))");
  if (std::regex_search(formula, match, kSurv)) {
    Row arguments = Fields(std::regex_replace(match[1].str(), std::regex(" "), ""));
    response.late = arguments.size() == 3;
    response.status = arguments.back();
    response.time = arguments[arguments.size() - 2];
  } else if (facts.method == "conditional_logistic") {
    response.status = formula.substr(0, formula.find(' '));
  }
  return response;
}

/// True where a stratum, set or, for curves and tests between groups, a group of the analysis has rows and no event.
bool HasQuietStratum(const CaseFacts& facts, const Tables& tables, const std::string& formula,
                     const std::string& status) {
  const std::size_t outcome = tables.Find(status);
  if (outcome >= tables.columns.size()) return false;
  const bool of_groups = facts.method != "conditional_logistic" && facts.method != "cox" &&
                         facts.method != "elastic_net" && facts.method != "aft";
  std::string strata = facts.Option("strata");
  std::smatch match;
  static const std::regex kStrata(R"(strata\(([^()]*)\))");
  if (std::regex_search(formula, match, kStrata)) strata += " " + match[1].str();
  if (of_groups) strata += " " + formula.substr(formula.find('~'));
  for (std::size_t c = 0; c + 1 < tables.columns.size(); ++c) {
    if (!Names(strata, tables.columns[c])) continue;
    std::map<std::string, int> events;
    for (const auto& [site, rows] : tables.sites) {
      for (const Row& row : rows) {
        if (!Missing(row[c])) events[row[c]] += Number(row[outcome]).value_or(0) != 0 ? 1 : 0;
      }
    }
    if (events.size() > 1 && events.size() * 3 < 1000 &&
        std::any_of(events.begin(), events.end(),
                    [](const auto& stratum) { return stratum.second == 0; })) {
      return true;
    }
  }
  return false;
}

bool TiesAcrossSites(const Tables& tables, const std::string& time) {
  const std::size_t c = tables.Find(time);
  if (c >= tables.columns.size()) return false;
  std::map<std::string, std::set<std::string>> sites_of_time;
  for (const auto& [site, rows] : tables.sites) {
    for (const Row& row : rows) sites_of_time[row[c]].insert(site);
  }
  return std::any_of(sites_of_time.begin(), sites_of_time.end(),
                     [](const auto& entry) { return entry.second.size() > 1; });
}

void SiteConditions(const Tables& tables, std::set<std::string>& conditions) {
  if (tables.sites.size() >= 3) conditions.insert("secure sums");
  for (const auto& [site, rows] : tables.sites) {
    if (rows.empty()) conditions.insert("no rows");
    if (rows.size() == 1) conditions.insert("one row");
  }
}

void ColumnConditions(const CaseFacts& facts, const Tables& tables, const federation::Study& study,
                      std::set<std::string>& conditions) {
  std::vector<std::size_t> numbers;
  std::string said;  // the options, without the names of analysis and method
  for (const auto& [key, value] : facts.options.items()) {
    if (key != "name" && key != "method") said += value.dump() + "\n";
  }
  for (std::size_t c = 0; c < tables.columns.size(); ++c) {
    if (!Names(said, tables.columns[c])) continue;
    const Column column = ColumnOf(tables, tables.columns[c], study);
    for (const auto& [site, values] : column.values) {
      if (values.empty()) conditions.insert("missing at a site");
    }
    if (tables.columns[c] == "site") continue;
    if (column.factor) {
      FactorConditions(column, conditions);
    } else {
      ScaleConditions(column, conditions);
      numbers.push_back(c);
    }
  }
  for (const std::size_t a : numbers) {
    for (const std::size_t b : numbers) {
      if (a < b && Multiples(tables, a, b)) conditions.insert("collinear");
    }
  }
}

void FormulaConditions(const CaseFacts& facts, const Tables& tables,
                       std::set<std::string>& conditions) {
  const std::string formula = facts.Option("formula");
  if (facts.options.contains("weights")) conditions.insert("weights");
  if (formula.find("offset(") != std::string::npos) conditions.insert("offset");
  if (facts.options.contains("id") || formula.find("cluster(") != std::string::npos ||
      formula.find('|') != std::string::npos) {
    conditions.insert("clusters");
  }
  const Response response = ResponseOf(facts, formula);
  if (response.late) conditions.insert("late entries");
  if (!response.time.empty() && TiesAcrossSites(tables, response.time))
    conditions.insert("ties across sites");
  if (!response.status.empty() && HasQuietStratum(facts, tables, formula, response.status))
    conditions.insert("no events");
  if (HasAliasedTerm(facts.expected)) conditions.insert("collinear");
  if (!facts.expected.value("converged", true) && facts.expected.contains("warnings_contain"))
    conditions.insert("said in words");
}

}  // namespace

std::string CaseFacts::Option(const std::string& key) const {
  if (!options.contains(key)) return "";
  const json& value = options.at(key);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::vector<CaseFacts> ReadCases(const fs::path& cases) {
  std::vector<CaseFacts> all;
  for (const auto& entry : fs::directory_iterator(cases)) {
    const fs::path& folder = entry.path();
    const auto study =
        federation::Study::FromToml(Read(folder / "study.toml"), (folder / "study.toml").string());
    if (!study) throw std::runtime_error(study.error().message);
    const json file = json::parse(Read(folder / "expected.json"));
    const Tables tables = ReadTables(folder);
    std::set<std::string> of_sites;
    SiteConditions(tables, of_sites);
    const json document = json::parse(study->canonical_json());
    for (const json& analysis : document.at("analysis")) {
      CaseFacts facts{
          .name = folder.filename().string(),
          .method = analysis.at("method").get<std::string>(),
          .options = analysis,
          .expected =
              file.at("analyses").value(analysis.at("name").get<std::string>(), json(nullptr)),
          .data = file.at("data").get<std::string>(),
          .conditions = of_sites};
      ColumnConditions(facts, tables, *study, facts.conditions);
      if (facts.expected.is_object()) FormulaConditions(facts, tables, facts.conditions);
      all.push_back(std::move(facts));
    }
  }
  std::sort(all.begin(), all.end(),
            [](const CaseFacts& a, const CaseFacts& b) { return a.name < b.name; });
  return all;
}

std::vector<std::string> UnexplainedTolerances(const fs::path& cases) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::directory_iterator(cases)) {
    const json file = json::parse(Read(entry.path() / "expected.json"));
    double loosest = file.at("tolerance").get<double>();
    const json by_field = file.value("tolerances", json::object());
    for (const auto& [field, value] : by_field.items())
      loosest = std::max(loosest, value.get<double>());
    if (loosest > 1e-9 && file.value("because", "").empty())
      lines.push_back(entry.path().filename().string() + ": " + fmt::format("{}", loosest));
  }
  return lines;
}

}  // namespace clinnova::golden
