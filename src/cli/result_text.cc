// SPDX-License-Identifier: Apache-2.0
#include "cli/result_text.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/text.h"

namespace clinnova::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Number(const Json& value, int digits = 4) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (!value.is_number()) return value.dump();
  return core::Significant(value.get<double>(), digits);
}

std::string PValue(const Json& value) {
  if (!value.is_number()) return "-";
  const double p = value.get<double>();
  char text[40];
  if (p < 0.0001) return "<0.0001";
  std::snprintf(text, sizeof text, "%.4f", p);
  return text;
}

/// Rows of cells, each column as wide as its widest cell; the first column left, the others right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string Text() const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], Width(row[c]));
    }
    std::string text;
    for (const auto& row : rows_) {
      std::string line = "  ";
      for (std::size_t c = 0; c < row.size(); ++c) {
        const std::string pad(widths[c] - Width(row[c]), ' ');
        line += (c == 0 ? row[c] + pad : pad + row[c]) + (c + 1 < row.size() ? "  " : "");
      }
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
  }

 private:
  /// Code points of a UTF-8 text.
  static std::size_t Width(const std::string& text) {
    std::size_t width = 0;
    for (const char c : text) width += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return width;
  }
  std::vector<std::vector<std::string>> rows_;
};

/// "1.84 (1.21 to 2.80)" on the scale of ratios.
std::string Ratio(const Json& term) {
  if (!term["estimate"].is_number()) return "-";
  char text[96];
  std::snprintf(text, sizeof text, "%.3g (%.3g to %.3g)", std::exp(term["estimate"].get<double>()),
                std::exp(term.value("conf_low", std::nan(""))),
                std::exp(term.value("conf_high", std::nan(""))));
  return text;
}

/// "high: age" for a term of one level of the outcome.
std::string TermName(const Json& term) {
  const std::string name = term["term"].get<std::string>();
  return term.contains("y_level") ? term["y_level"].get<std::string>() + ": " + name : name;
}

std::string Terms(const Json& analysis) {
  const bool cox = analysis["method"] == "cox";
  const bool ratios = cox || analysis.value("ratio", "") != "";
  const std::string label = cox ? "hazard ratio (95 %)" : analysis.value("ratio", "") + " (95 %)";
  std::vector<std::string> header = {"term", "estimate", "std. error", "p"};
  if (ratios) header.insert(header.begin() + 3, label);
  TextTable table(header);
  for (const Json& term : analysis["terms"]) {
    std::vector<std::string> row = {TermName(term), Number(term["estimate"]),
                                    Number(term["std_error"]), PValue(term["p_value"])};
    const bool is_scale = term["term"] == "Log(scale)";
    if (ratios) row.insert(row.begin() + 3, is_scale ? "" : Ratio(term));
    table.Add(std::move(row));
  }
  return table.Text();
}

/// The terms of an analysis of variance.
std::string Variances(const Json& analysis) {
  TextTable table({"term", "df", "sum of squares", "mean square", "F", "p"});
  for (const Json& term : analysis["terms"]) {
    table.Add({term["term"].get<std::string>(), Number(term["df"]), Number(term["sumsq"], 6),
               Number(term["meansq"], 6), Number(term["statistic"]), PValue(term["p_value"])});
  }
  return table.Text();
}

std::string Contrasts(const Json& analysis) {
  TextTable table({"contrast", "estimate", "std. error", "low", "high", "p"});
  for (const Json& contrast : analysis["contrasts"]) {
    table.Add({contrast["contrast"].get<std::string>(), Number(contrast["estimate"]),
               Number(contrast["std_error"]), Number(contrast["conf_low"]),
               Number(contrast["conf_high"]), PValue(contrast["p_value"])});
  }
  return table.Text();
}

/// What a treatment choice says, and the values of the policies that it compares.
std::string Policies(const Json& analysis) {
  TextTable table({"policy", "value", "low", "high", "rule gains", "low", "high"});
  for (const Json& policy : analysis["policies"]) {
    std::vector<std::string> row = {policy["policy"].get<std::string>(), Number(policy["value"]),
                                    Number(policy["conf_low"]), Number(policy["conf_high"])};
    for (const char* key : {"estimate", "conf_low", "conf_high"}) {
      row.push_back(policy.contains("gain_of_rule") ? Number(policy["gain_of_rule"][key]) : "");
    }
    table.Add(std::move(row));
  }
  return "  " + analysis["verdict"].get<std::string>() + "\n" + table.Text();
}

/// How well a treatment choice's outcome models predict what happened under the drug received, out of fold.
std::string Discrimination(const Json& analysis) {
  const Json& told = analysis["discrimination"];
  const bool binary = told["all"].contains("auc");
  TextTable table(
      binary ? std::vector<std::string>{"prediction of the outcome", "AUC", "low", "high", "Brier"}
             : std::vector<std::string>{"prediction of the outcome", "RMSE", "R squared"});
  const std::vector<const char*> keys =
      binary ? std::vector<const char*>{"auc", "conf_low", "conf_high", "brier"}
             : std::vector<const char*>{"rmse", "r_squared"};
  const auto add = [&](const std::string& name, const Json& of) {
    std::vector<std::string> row = {name};
    for (const char* key : keys) row.push_back(Number(of[key]));
    table.Add(std::move(row));
  };
  for (const Json& arm : told["arms"]) add(arm["arm"].get<std::string>(), arm);
  add("all drugs", told["all"]);
  return table.Text();
}

/// Whether a treatment choice's covariates tell who gains by which drug.
std::string Heterogeneity(const Json& lines) {
  TextTable table({"effect by covariates", "chi squared", "df", "p", "p < 0.05 of"});
  for (const Json& line : lines) {
    std::string terms;
    for (std::size_t t = 1; t < line["terms"].size(); ++t) {
      const Json& term = line["terms"][t];
      if (!term["p_value"].is_number() || !(term["p_value"].get<double>() < 0.05)) continue;
      terms += (terms.empty() ? "" : ", ") + term["term"].get<std::string>() + " " +
               Number(term["estimate"], 3);
    }
    table.Add({line["first"].get<std::string>() + " over " + line["second"].get<std::string>(),
               Number(line["statistic"]), Number(line["df"]), PValue(line["p_value"]), terms});
  }
  return table.Text();
}

/// The rule of a treatment choice that can be read, and what its like gains on persons that it has not seen.
std::string PolicyTree(const Json& told) {
  TextTable table({"policy tree", "drug", "persons"});
  for (const Json& leaf : told["leaves"]) {
    table.Add({leaf["when"].get<std::string>(), leaf["arm"].get<std::string>(), Number(leaf["n"])});
  }
  const Json& gain = told["gain"];
  return table.Text() + "  trees so learned gain " + Number(gain["estimate"], 3) + " (" +
         Number(gain["conf_low"], 3) + " to " + Number(gain["conf_high"], 3) + ") over " +
         gain["best_single"].get<std::string>() + " for everybody\n";
}

/// What a causal forest finds of a treatment choice's effects.
std::string CausalForest(const Json& told) {
  TextTable table({"causal forest", "gain", "autoc", "low", "high", "slope", "divided most by"});
  for (const Json& effect : told["effects"]) {
    const Json& most = effect["importance"][0];
    table.Add({effect["first"].get<std::string>() + " over " + effect["second"].get<std::string>(),
               Number(effect["mean"]["estimate"], 3), Number(effect["autoc"]["estimate"], 3),
               Number(effect["autoc"]["conf_low"], 3), Number(effect["autoc"]["conf_high"], 3),
               Number(effect["slope"], 3),
               most["gain"] > 0 ? most["variable"].get<std::string>() : std::string("nothing")});
  }
  const Json& gain = told["gain"];
  return table.Text() + "  rules so learned gain " + Number(gain["estimate"], 3) + " (" +
         Number(gain["conf_low"], 3) + " to " + Number(gain["conf_high"], 3) + ") over " +
         gain["best_single"].get<std::string>() + " for everybody\n";
}

/// What differs between the sites of a treatment choice.
std::string BetweenSites(const Json& analysis) {
  const Json& told = analysis["between_sites"];
  TextTable table(
      {"between sites", "sites", "estimate", "low", "high", "I2 %", "at a further site"});
  bool any = false;
  const auto add = [&](const std::string& name, const Json& of) {
    if (!of.is_object()) return;
    any = true;
    table.Add({name, Number(of["sites"]), Number(of["estimate"]), Number(of["conf_low"]),
               Number(of["conf_high"]), Number(of["i2"], 3),
               Number(of["prediction_low"], 3) + " to " + Number(of["prediction_high"], 3)});
  };
  add("gain of the rule", told["gain"]);
  add("AUC", told.value("auc", Json()));
  const Json within = analysis["discrimination"].value("within_sites", Json());
  if (within.is_object() && within["all"]["auc"].is_number()) {
    const Json& all = within["all"];
    any = true;
    table.Add({"AUC within sites", Number(all["sites"]), Number(all["auc"]),
               Number(all["conf_low"]), Number(all["conf_high"])});
  }
  std::string shifted;
  for (const Json& input : told["shift"]) {
    if (input["sites_shifted"] == 0) continue;
    shifted += (shifted.empty() ? "" : ", ") + input["input"].get<std::string>() + " at " +
               Number(input["sites_shifted"]) + " of " + Number(input["sites"]);
  }
  std::string text = any ? table.Text() : "";
  if (!shifted.empty()) text += "  patients differ from those of all sites: " + shifted + "\n";
  return text;
}

/// Net benefit of a treatment choice's strategies over the reference, at some of the thresholds.
std::string NetBenefit(const Json& told) {
  const std::string reference = told["reference"].get<std::string>();
  std::vector<std::string> header = {"net benefit over " + reference, "switched", "rule", "low",
                                     "high"};
  const Json& rows = told["thresholds"];
  for (const Json& drug : rows[0]["drugs"]) header.push_back(drug["drug"].get<std::string>());
  TextTable table(header);
  const std::size_t step = (rows.size() + 5) / 6;
  for (std::size_t t = 0; t < rows.size(); t += step) {
    const Json& row = rows[t];
    const auto rule = [&](const char* key) {
      return row["rule"].is_null() ? std::string("suppressed") : Number(row["rule"][key]);
    };
    const Json& share = row["share_switched"];
    std::vector<std::string> cells = {
        "where it gains more than " + Number(row["threshold"]),
        share.is_null() ? "-" : Number(100 * share.get<double>(), 3) + " %", rule("estimate"),
        rule("conf_low"), rule("conf_high")};
    for (const Json& drug : row["drugs"]) cells.push_back(Number(drug["estimate"]));
    table.Add(std::move(cells));
  }
  return table.Text();
}

std::string Thresholds(const Json& analysis) {
  TextTable table({"threshold", "estimate", "std. error"});
  for (const Json& threshold : analysis["thresholds"]) {
    table.Add({threshold["term"].get<std::string>(), Number(threshold["estimate"]),
               Number(threshold["std_error"])});
  }
  return table.Text();
}

/// A matrix {"names", "values"}: of correlations (rows are the names too), loadings or centers.
std::string MatrixText(const Json& matrix, const std::string& title) {
  const Json& rows = matrix["values"];
  const bool named_rows = title != "cluster";
  std::vector<std::string> header = {title};
  for (const Json& name : matrix[matrix.contains("components") ? "components" : "names"]) {
    header.push_back(name.get<std::string>());
  }
  TextTable table(header);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::string> row = {named_rows ? matrix["names"][i].get<std::string>()
                                               : std::to_string(i + 1)};
    for (const Json& value : rows[i]) row.push_back(Number(value));
    table.Add(std::move(row));
  }
  return table.Text();
}

std::string Matrices(const Json& analysis) {
  std::string text;
  if (analysis.contains("correlation") && analysis["correlation"].is_object()) {
    text += MatrixText(analysis["correlation"], "correlation");
  }
  if (analysis.contains("rotation")) text += MatrixText(analysis["rotation"], "loading");
  if (analysis["method"] == "kmeans") text += MatrixText(analysis["centers"], "cluster");
  return text;
}

/// Single estimates with their intervals: of groups, of the whole, and comparisons of groups.
std::string Estimates(const Json& analysis) {
  TextTable table({"", "estimate", "std. error", "interval", "p"});
  bool any = false;
  const auto add = [&](const std::string& name, const Json& of) {
    if (!of.is_object() || !of.contains("estimate") || !of.contains("conf_low")) return;
    any = true;
    const Json error = of.value("std_error", of.value("log_std_error", Json()));
    table.Add({name, Number(of["estimate"]), Number(error),
               Number(of["conf_low"]) + " to " + Number(of["conf_high"]),
               of.contains("p_value") ? PValue(of["p_value"]) : ""});
  };
  const Json groups = analysis.value("groups", Json::array());
  for (const Json& group : groups) {  // of mixed models these are numbers
    if (group.is_object()) add(group.value("stratum", "all"), group);
  }
  add(analysis.value("term", "estimate"), analysis);
  for (const char* key : {"difference", "ratio"}) {
    const Json comparison = analysis.value(key, Json());
    if (!comparison.is_array())
      add(comparison.is_object() ? comparison.value("contrast", key) : key, comparison);
    if (comparison.is_array()) {
      for (const Json& one : comparison) add(one.value("contrast", key), one);
    }
  }
  return any ? table.Text() : "";
}

std::string Curves(const Json& analysis) {
  const bool causes = analysis.contains("cause");
  TextTable table({"stratum", "persons", "events", "median", "last time",
                   causes ? "incidence there" : "survival there"});
  for (const Json& curve : analysis["curves"]) {
    const Json& risk = curve["n_risk"];
    const Json& events = curve["n_event"];
    double total = 0;
    for (const Json& count : events) total += count.is_number() ? count.get<double>() : 0;
    const bool empty = risk.empty();
    const std::string cause = causes ? " cause " + Number(curve["cause"]) : "";
    table.Add({curve.value("stratum", "all") + cause, empty ? "0" : Number(risk.front()),
               Number(Json(total)), curve.contains("median") ? Number(curve["median"]) : "-",
               empty ? "-" : Number(curve["time"].back()),
               empty ? "-" : Number(curve["estimate"].back())});
  }
  return table.Text();
}

std::string Scalars(const Json& analysis) {
  static const std::vector<std::string> kShown = {
      "statistic",   "parameter",  "df",    "p_value", "deviance", "null_deviance",
      "df_residual", "dispersion", "theta", "scale",   "log_lik",  "aic",
      "concordance", "tau2",       "i2",    "q"};
  std::string text;
  for (const std::string& key : kShown) {
    if (!analysis.contains(key) || analysis[key].is_structured()) continue;
    if (key == "p_value" && analysis.contains("conf_low")) continue;  // stands beside the estimate
    text += (text.empty() ? "  " : ", ") + key + " " +
            (key == "p_value" ? PValue(analysis[key]) : Number(analysis[key], 6));
  }
  return text.empty() ? text : text + "\n";
}

std::string Cell(const Json& value) { return value.is_null() ? "suppressed" : Number(value); }

std::string Counts(const Json& analysis) {
  const Json& levels = analysis["levels"];
  const Json& counts = analysis["counts"];
  std::vector<const Json*> lists;
  for (const auto& [name, list] : levels.items()) lists.push_back(&list);
  if (lists.size() == 1) {
    TextTable table({levels.begin().key(), "persons"});
    for (std::size_t i = 0; i < counts.size(); ++i) {
      table.Add({(*lists[0])[i].get<std::string>(), Cell(counts[i])});
    }
    return table.Text();
  }
  if (lists.size() != 2) return "  " + counts.dump() + "\n";
  std::vector<std::string> header = {""};
  for (const Json& level : *lists[1]) header.push_back(level.get<std::string>());
  TextTable table(header);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    std::vector<std::string> row = {(*lists[0])[i].get<std::string>()};
    for (const Json& count : counts[i]) row.push_back(Cell(count));
    table.Add(std::move(row));
  }
  return table.Text();
}

std::string Variables(const Json& analysis) {
  TextTable table({"variable", "n", "missing", "mean", "sd", "quantiles or counts"});
  for (const Json& variable : analysis["variables"]) {
    std::string rest;
    for (const char* key : {"quantiles", "counts"}) {
      if (variable.contains(key)) rest += variable[key].dump();
    }
    const auto field = [&](const char* key) {
      return variable.contains(key) ? Number(variable[key]) : std::string();
    };
    table.Add(
        {field("variable"), field("n"), field("n_missing"), field("mean"), field("sd"), rest});
  }
  return table.Text();
}

std::string AnalysisText(const Json& analysis) {
  std::string text = "\n" + analysis["name"].get<std::string>() + " (" +
                     analysis["method"].get<std::string>() + ")";
  if (analysis.contains("error")) {
    return text + "\n  not done: " + analysis["error"]["message"].get<std::string>() + "\n";
  }
  if (analysis.contains("n")) text += ", n = " + Number(analysis["n"]);
  if (analysis.value("n_missing", 0) != 0) {
    text += " (" + Number(analysis["n_missing"]) + " left out for missing values)";
  }
  text += ", " + Number(analysis["rounds"]) + " rounds\n";
  for (const Json& warning : analysis["warnings"]) {
    text += "  warning: " + warning.get<std::string>() + "\n";
  }
  if (analysis.contains("variables")) text += Variables(analysis);
  if (analysis["method"] == "anova") {
    if (analysis.contains("terms")) text += Variances(analysis);
  } else if (analysis.contains("terms")) {
    text += Terms(analysis);
  }
  text += Matrices(analysis);
  if (analysis.contains("thresholds")) text += Thresholds(analysis);
  text += analysis.contains("contrasts") ? Contrasts(analysis) : Estimates(analysis);
  if (analysis.contains("policies")) text += Policies(analysis);
  if (analysis.contains("discrimination")) text += Discrimination(analysis);
  if (analysis.contains("heterogeneity")) text += Heterogeneity(analysis["heterogeneity"]);
  if (analysis.contains("policy_tree")) text += PolicyTree(analysis["policy_tree"]);
  if (analysis.contains("causal_forest")) text += CausalForest(analysis["causal_forest"]);
  if (analysis.contains("between_sites")) text += BetweenSites(analysis);
  if (analysis.contains("policies") && analysis.contains("net_benefit")) {
    text += NetBenefit(analysis["net_benefit"]);
  }
  if (analysis.contains("curves")) text += Curves(analysis);
  if (analysis.contains("levels") && analysis.contains("counts")) text += Counts(analysis);
  return text + Scalars(analysis);
}

}  // namespace

std::string ResultText(const std::string& result_json) {
  const Json result = Json::parse(result_json);
  std::string text = result["study"]["title"].get<std::string>() + "\n";
  TextTable sites({"site", "rows"});
  for (const Json& site : result["sites"]) {
    sites.Add({site["name"].get<std::string>(), Cell(site["rows"])});
  }
  text += sites.Text();
  for (const Json& analysis : result["analyses"]) text += AnalysisText(analysis);
  text += "\nstudy " + result["study"]["hash"].get<std::string>().substr(0, 16) + ", " +
          Number(result["ledger"]["rounds"]) + " rounds, ledger root " +
          result["ledger"]["root"].get<std::string>().substr(0, 16) + "\n";
  return text;
}

}  // namespace clinnova::cli
