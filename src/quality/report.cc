// SPDX-License-Identifier: Apache-2.0
#include "quality/report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "core/text.h"

namespace clinnova::quality {
namespace {

using core::EscapedHtml;
using nlohmann::ordered_json;

struct Tally {
  std::int64_t pass = 0, fail = 0, error = 0, not_applicable = 0;
  void Add(Status status) {
    switch (status) {
      case Status::kPass: ++pass; break;
      case Status::kFail: ++fail; break;
      case Status::kError: ++error; break;
      case Status::kNotApplicable: ++not_applicable; break;
    }
  }
};

using Tallies = std::vector<std::pair<std::string, Tally>>;

/// By category or table, in the order of the catalogue.
template <typename Key>
Tallies TallyBy(const QualityReport& report, Key key) {
  Tallies tallies;
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    const std::string name(key(report.checks[i]));
    auto found = std::ranges::find(tallies, name, &Tallies::value_type::first);
    if (found == tallies.end()) found = tallies.insert(tallies.end(), {name, {}});
    found->second.Add(report.outcomes[i].status);
  }
  return tallies;
}

Tallies ByCategory(const QualityReport& report) {
  return TallyBy(report, [](const Check& check) { return check.type->category; });
}
/// Tables that have rows.
Tallies ByTable(const QualityReport& report) {
  std::set<std::string> counted;
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    const Check& check = report.checks[i];
    const Status status = report.outcomes[i].status;
    const bool answer = check.known_numerator < 0 && status != Status::kNotApplicable;
    if (answer || status == Status::kFail || status == Status::kError) counted.insert(check.table);
  }
  Tallies tallies = TallyBy(report, [](const Check& check) { return check.table; });
  std::erase_if(tallies, [&](const auto& tally) { return !counted.contains(tally.first); });
  return tallies;
}

std::string TallyText(const char* head, const Tallies& tallies) {
  char line[160];
  std::snprintf(line, sizeof line, "%-24s %7s %7s %7s %9s\n", head, "passed", "failed", "errors",
                "no answer");
  std::string text = line;
  for (const auto& [name, tally] : tallies) {
    std::snprintf(line, sizeof line, "%-24s %7s %7s %7s %9s\n", name.c_str(),
                  Thousands(tally.pass).c_str(), Thousands(tally.fail).c_str(),
                  Thousands(tally.error).c_str(), Thousands(tally.not_applicable).c_str());
    text += line;
  }
  return text + "\n";
}

std::string FailedText(const Check& check, const Outcome& outcome) {
  char line[96];
  if (outcome.status == Status::kError) {
    return "  error   " + check.id + "\n          " + outcome.note + "\n";
  }
  std::snprintf(line, sizeof line, "%9s  ", PercentText(outcome.SharePercent()).c_str());
  return line + check.id + "\n           " + RowsText(outcome.numerator, outcome.denominator) +
         ": " + check.description + "\n";
}

std::string Cell(std::string_view text, const char* css = "") {
  return std::string("<td") + (*css == '\0' ? "" : std::string(" class=\"") + css + "\"") + ">" +
         EscapedHtml(text) + "</td>";
}

std::string TallyHtml(const char* head, const Tallies& tallies) {
  std::string html =
      std::string("<table><thead><tr><th scope=\"col\">") + head +
      "</th><th scope=\"col\" class=\"n\">passed</th><th scope=\"col\" class=\"n\">failed</th><th "
      "scope=\"col\" class=\"n\">errors</th><th scope=\"col\" class=\"n\">no "
      "answer</th></tr></thead>\n";
  for (const auto& [name, tally] : tallies) {
    html += "<tr>" + Cell(name) + Cell(Thousands(tally.pass), "n") +
            Cell(Thousands(tally.fail), tally.fail > 0 ? "n fail" : "n") +
            Cell(Thousands(tally.error), tally.error > 0 ? "n fail" : "n") +
            Cell(Thousands(tally.not_applicable), "n") + "</tr>\n";
  }
  return html + "</table>\n";
}

std::string CheckHtml(const Check& check, const Outcome& outcome) {
  const bool counted = outcome.denominator > 0;
  const bool wrong = outcome.status == Status::kFail || outcome.status == Status::kError;
  std::string what =
      "<td><code>" + EscapedHtml(check.id) + "</code><br>" + EscapedHtml(check.description);
  if (!outcome.note.empty()) what += "<br><small>" + EscapedHtml(outcome.note) + "</small>";
  return "<tr>" + Cell(StatusName(outcome.status), wrong ? "fail" : "") + what + "</td>" +
         Cell(std::string(check.type->category) + ", " + std::string(check.type->context)) +
         Cell(counted ? Thousands(outcome.numerator) : "", "n") +
         Cell(counted ? Thousands(outcome.denominator) : "", "n") +
         Cell(counted ? PercentText(outcome.SharePercent()) : "", "n") +
         Cell(check.threshold < 100 ? core::Significant(check.threshold, 4) + " %" : "only informs",
              "n") +
         Cell(check.source) + "</tr>\n";
}

constexpr const char* kChecksHead =
    "<table><thead><tr><th scope=\"col\">status</th><th scope=\"col\">what is counted</th><th "
    "scope=\"col\">category</th><th scope=\"col\" class=\"n\">wrong</th><th scope=\"col\" "
    "class=\"n\">of</th><th "
    "scope=\"col\" class=\"n\">share</th><th scope=\"col\" class=\"n\">fails over</th><th "
    "scope=\"col\">source</th></tr></thead>\n";

constexpr const char* kCss =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:78rem;padding:0 1rem;"
    "color:#1c2530;background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}"
    "table{border-collapse:collapse;margin:.5rem 0;width:100%}th,td{border-bottom:1px solid "
    "#d5dbe2;"
    "padding:.3rem .6rem;text-align:left;vertical-align:top}th{background:#f2f5f8}"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".fail{color:#a01818;font-weight:600}code{font-size:.9em;overflow-wrap:anywhere}"
    "small{color:#4a5866}summary{cursor:pointer;font-weight:600;margin:.6rem 0}";

std::string TableHtml(const QualityReport& report, const std::string& table) {
  std::string rows;
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    if (report.checks[i].table == table) rows += CheckHtml(report.checks[i], report.outcomes[i]);
  }
  return "<details><summary>" + EscapedHtml(table) + "</summary>\n" + kChecksHead + rows +
         "</table></details>\n";
}

std::string Head(const QualityReport& report) {
  return Thousands(static_cast<std::int64_t>(report.checks.size())) + " checks in " +
         core::Significant(report.seconds, 3) +
         " s: " + Thousands(static_cast<std::int64_t>(report.Count(Status::kPass))) + " passed, " +
         Thousands(static_cast<std::int64_t>(report.Count(Status::kFail))) + " failed, " +
         Thousands(static_cast<std::int64_t>(report.Count(Status::kError))) + " errors, " +
         Thousands(static_cast<std::int64_t>(report.Count(Status::kNotApplicable))) +
         " without an answer (there is nothing to check)";
}

}  // namespace

std::string Thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    if (digits[at - 1] != '-') digits.insert(at, ",");
  }
  return digits;
}

std::string RowsText(std::int64_t numerator, std::int64_t denominator) {
  return Thousands(numerator) + " of " + Thousands(denominator);
}

std::string PercentText(double percent) {
  char text[32];
  if (percent > 0 && percent < 0.1) {
    std::snprintf(text, sizeof text, "%.1g %%", percent);
  } else if (percent > 99.9 && percent < 100) {
    std::snprintf(text, sizeof text, "99.9 %%");
  } else {
    std::snprintf(text, sizeof text, "%.1f %%", percent);
  }
  return text;
}

std::vector<std::size_t> WorstFirst(const QualityReport& report) {
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < report.outcomes.size(); ++i) {
    const Status status = report.outcomes[i].status;
    if (status == Status::kFail || status == Status::kError) wrong.push_back(i);
  }
  std::ranges::stable_sort(wrong, [&](std::size_t a, std::size_t b) {
    return report.outcomes[a].SharePercent() > report.outcomes[b].SharePercent();
  });
  return wrong;
}

std::string ReportText(const QualityReport& report) {
  std::string text = Head(report) + "\n\n" + TallyText("category", ByCategory(report)) +
                     TallyText("table", ByTable(report));
  const auto wrong = WorstFirst(report);
  if (wrong.empty()) return text + "no check failed\n";
  text += "failed, the largest share first\n";
  for (const std::size_t i : wrong) text += FailedText(report.checks[i], report.outcomes[i]);
  return text;
}

ordered_json ReportJson(const QualityReport& report) {
  ordered_json json = {{"format", "clinnova-quality 1"},
                       {"ran_at", report.ran_at},
                       {"seconds", report.seconds},
                       {"statements", report.statements},
                       {"totals",
                        {{"checks", report.checks.size()},
                         {"pass", report.Count(Status::kPass)},
                         {"fail", report.Count(Status::kFail)},
                         {"error", report.Count(Status::kError)},
                         {"not_applicable", report.Count(Status::kNotApplicable)}}},
                       {"checks", ordered_json::array()}};
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    const Check& check = report.checks[i];
    const Outcome& outcome = report.outcomes[i];
    json["checks"].push_back({{"id", check.id},
                              {"kind", check.type->kind},
                              {"category", check.type->category},
                              {"subcategory", check.type->subcategory},
                              {"context", check.type->context},
                              {"table", check.table},
                              {"field", check.field},
                              {"concept_id", check.concept_id},
                              {"unit_concept_id", check.unit_id},
                              {"description", check.description},
                              {"source", check.source},
                              {"threshold_percent", check.threshold},
                              {"numerator", outcome.numerator},
                              {"denominator", outcome.denominator},
                              {"share_percent", outcome.SharePercent()},
                              {"status", StatusName(outcome.status)},
                              {"note", outcome.note}});
  }
  return json;
}

std::string ReportHtml(const QualityReport& report, const std::string& title) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>" +
      EscapedHtml(title) + "</title><style>" + kCss + "</style></head><body>\n<h1>" +
      EscapedHtml(title) + "</h1>\n<p>" + EscapedHtml(report.ran_at) + ". " +
      EscapedHtml(Head(report)) + ".</p>\n" + TallyHtml("category", ByCategory(report)) +
      TallyHtml("table", ByTable(report)) + "<h2>Failed, the largest share first</h2>\n";
  const auto wrong = WorstFirst(report);
  if (wrong.empty()) {
    html += "<p>No check failed.</p>\n";
  } else {
    html += kChecksHead;
    for (const std::size_t i : wrong) html += CheckHtml(report.checks[i], report.outcomes[i]);
    html += "</table>\n";
  }
  html += "<h2>All checks</h2>\n";
  for (const auto& [table, tally] : TallyBy(report, [](const Check& check) { return check.table; }))
    html += TableHtml(report, table);
  return html +
         "<p><small>Kinds of checks after OHDSI's Data Quality Dashboard; categories of M. G. Kahn "
         "et al., eGEMs 4 (2016) 1244. Counts only: nothing on this page is of a single "
         "patient.</small></p>\n</body></html>\n";
}

}  // namespace clinnova::quality
