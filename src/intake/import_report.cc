// SPDX-License-Identifier: Apache-2.0
#include "intake/import_report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/json_text.h"

namespace clinnova::intake {
namespace {

constexpr std::size_t kUnmappedShown = 20;

std::string Row(const std::string& name, const ImportCounts& counts) {
  char line[160];
  std::snprintf(line, sizeof line, "%-14s %12lld %12lld %12lld %12lld\n", name.c_str(),
                static_cast<long long>(counts.read), static_cast<long long>(counts.loaded),
                static_cast<long long>(counts.quarantined), static_cast<long long>(counts.ignored));
  return line;
}

std::string Counted(const std::map<std::string, std::int64_t>& counts) {
  std::string lines;
  for (const auto& [what, count] : counts) {
    char number[32];
    std::snprintf(number, sizeof number, "%10lld  ", static_cast<long long>(count));
    lines += number + what + "\n";
  }
  return lines;
}

}  // namespace

ImportCounts ImportReport::Total() const {
  ImportCounts total;
  for (const auto& [kind, counts] : kinds) {
    total.read += counts.read;
    total.loaded += counts.loaded;
    total.quarantined += counts.quarantined;
    total.ignored += counts.ignored;
  }
  return total;
}

std::string ImportReport::Text() const {
  char head[160];
  std::snprintf(head, sizeof head, "%lld file%s, %.1f MB, %.1f s\n\n",
                static_cast<long long>(files), files == 1 ? "" : "s",
                static_cast<double>(bytes) / 1e6, seconds);
  std::string text = head;
  char columns[160];
  std::snprintf(columns, sizeof columns, "%-14s %12s %12s %12s %12s\n", "record", "read", "loaded",
                "quarantined", "ignored");
  text += columns;
  for (const auto& [kind, counts] : kinds) text += Row(kind, counts);
  text += Row("total", Total());
  if (!quarantined_by_rule.empty())
    text += "\nquarantined, by rule\n" + Counted(quarantined_by_rule);
  if (!ignored_by_reason.empty()) text += "\nignored, by reason\n" + Counted(ignored_by_reason);
  if (!unmapped.empty()) {
    text += "\nunmapped codes, loaded with concept 0 (" + std::to_string(unmapped.size()) + ")\n";
    for (std::size_t i = 0; i < unmapped.size() && i < kUnmappedShown; ++i) {
      const UnmappedCode& code = unmapped[i];
      text += Counted({{code.kind + "  " + (code.system.empty() ? "local" : code.system) + "  " +
                            code.code + (code.display.empty() ? "" : "  " + code.display),
                        code.count}});
    }
  }
  if (unlisted_patients && *unlisted_patients > 0) {
    text += "\n" + std::to_string(*unlisted_patients) +
            (*unlisted_patients == 1 ? " patient is" : " patients are") +
            " not in the list of pseudonyms: their records are in quarantine\n";
  }
  text += "\npersons in the store: " + std::to_string(persons) +
          ", of them open to studies by consent: " + std::to_string(research_persons) + "\n";
  return text;
}

std::string ImportReport::Json() const {
  nlohmann::ordered_json json;
  const auto counts_json = [](const ImportCounts& counts) {
    return nlohmann::ordered_json{{"read", counts.read},
                                  {"loaded", counts.loaded},
                                  {"quarantined", counts.quarantined},
                                  {"ignored", counts.ignored}};
  };
  json["files"] = files;
  json["bytes"] = bytes;
  json["seconds"] = seconds;
  json["kinds"] = nlohmann::ordered_json::object();
  for (const auto& [kind, counts] : kinds) json["kinds"][kind] = counts_json(counts);
  json["total"] = counts_json(Total());
  json["quarantined_by_rule"] = quarantined_by_rule;
  json["ignored_by_reason"] = ignored_by_reason;
  json["unmapped"] = nlohmann::ordered_json::array();
  for (const UnmappedCode& code : unmapped) {
    json["unmapped"].push_back({{"kind", code.kind},
                                {"system", code.system},
                                {"code", code.code},
                                {"display", code.display},
                                {"count", code.count}});
  }
  if (unlisted_patients) json["unlisted_patients"] = *unlisted_patients;
  json["persons"] = persons;
  json["research_persons"] = research_persons;
  return core::ResultJson(json);
}

}  // namespace clinnova::intake
