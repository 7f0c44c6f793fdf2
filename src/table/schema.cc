// SPDX-License-Identifier: Apache-2.0
// How sites agree on one schema.
#include <algorithm>
#include <map>
#include <set>

#include "table/factor_column.h"
#include "table/number_text.h"
#include "table/table.h"

namespace clinnova::table {
namespace {

constexpr std::string_view kFactorStart = "factor(";

tl::unexpected<Error> ColumnError(const std::string& column, const std::string& message) {
  return Fail(ErrorCode::kInvalidInput, "column \"" + column + "\": " + message);
}

/// Both texts are the same level: "1.0" in a study file is the 1 of a numeric column.
bool SameLevel(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto x = ParseNumber(a);
  const auto y = ParseNumber(b);
  return x && y && *x == *y;
}

/// What the sites say of one column, and what the study declares.
struct Gathered {
  struct At {
    const SiteSchema::Column* column = nullptr;
    std::string site;
  };
  std::vector<At> sites;  ///< those that have the column
  const ColumnDeclaration* declaration = nullptr;
};

const Gathered::At* TextSite(const Gathered& gathered) {
  for (const Gathered::At& at : gathered.sites) {
    if (!at.column->numeric && !at.column->empty) return &at;
  }
  return nullptr;
}

/// A site that has numbers and did not list them as levels.
const Gathered::At* UnlistedSite(const Gathered& gathered) {
  for (const Gathered::At& at : gathered.sites) {
    if (at.column->numeric && !at.column->empty && at.column->levels.empty()) return &at;
  }
  return nullptr;
}

Result<std::vector<std::string>> DeclaredLevels(const std::string& name, const Gathered& gathered) {
  const std::vector<std::string>& declared = gathered.declaration->levels;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (declared[i] == declared[k]) {
        return ColumnError(name, "found the level \"" + declared[i] + "\" twice, expected it once");
      }
    }
  }
  for (const Gathered::At& at : gathered.sites) {
    for (const std::string& level : at.column->levels) {
      const bool known = std::any_of(declared.begin(), declared.end(),
                                     [&](const std::string& d) { return SameLevel(d, level); });
      if (!known) {
        std::string list;
        for (const std::string& d : declared) list += (list.empty() ? "" : ", ") + d;
        return ColumnError(name, "found \"" + level + "\" at site " + at.site +
                                     ", expected one of the declared levels: " + list);
      }
    }
  }
  return declared;
}

Result<ColumnSchema> Unify(const std::string& name, const Gathered& gathered) {
  ColumnSchema column;
  column.name = name;
  const ColumnDeclaration* declaration = gathered.declaration;
  const bool has_levels = declaration != nullptr && !declaration->levels.empty();
  const bool typed = declaration != nullptr && declaration->kind.has_value();
  const bool declared_number = typed && *declaration->kind == ColumnKind::kNumeric;
  const Gathered::At* text = TextSite(gathered);
  if (declared_number) {
    if (has_levels)
      return ColumnError(name, "found levels and type \"numeric\", expected one of them");
    if (text != nullptr)
      return ColumnError(name, "found text at site " + text->site + ", expected numbers");
    return column;
  }
  const bool declared_factor = has_levels || typed;
  if (text == nullptr && !declared_factor) return column;
  column.kind = ColumnKind::kFactor;
  if (const Gathered::At* numbers = UnlistedSite(gathered)) {
    const std::string other = text != nullptr ? "text at site " + text->site + " and " : "";
    return ColumnError(name, "found " + other + "numbers without listed levels at site " +
                                 numbers->site +
                                 ", expected levels: declare it with type = \"factor\"");
  }
  if (has_levels) {
    CLINNOVA_ASSIGN(column.levels, DeclaredLevels(name, gathered));
    return column;
  }
  for (const Gathered::At& at : gathered.sites) {
    column.levels.insert(column.levels.end(), at.column->levels.begin(), at.column->levels.end());
  }
  SortLevels(column.levels);
  return column;
}

/// The columns of all sites in the order of first appearance.
Result<std::vector<std::string>> Gather(std::span<const SiteSchema> sites,
                                        std::span<const std::string> site_names,
                                        std::map<std::string, Gathered>& gathered) {
  std::vector<std::string> order;
  for (std::size_t s = 0; s < sites.size(); ++s) {
    const std::string site = s < site_names.size() ? site_names[s] : std::to_string(s + 1);
    for (const SiteSchema::Column& column : sites[s].columns) {
      if (column.name == "site") {
        return ColumnError("site", "found in the table of site " + site +
                                       ", expected another name: `site` holds the sites' names");
      }
      const auto [place, added] = gathered.try_emplace(column.name);
      if (added) order.push_back(column.name);
      place->second.sites.push_back({.column = &column, .site = site});
    }
  }
  return order;
}

Result<void> AddDeclarations(std::span<const ColumnDeclaration> declarations,
                             std::span<const std::string> order,
                             std::map<std::string, Gathered>& gathered) {
  for (const ColumnDeclaration& declaration : declarations) {
    const std::optional<std::string> base = FactorColumnBase(declaration.name);
    const auto place = gathered.find(declaration.name);
    if (place == gathered.end()) {
      // x is there without any value, or nowhere: then the analysis that names it says so.
      if (base) continue;
      std::string names;
      for (const std::string& name : order) names += (names.empty() ? "" : ", ") + name;
      return ColumnError(declaration.name,
                         "declared, but no site has it, expected one of: " + names);
    }
    if (place->second.declaration != nullptr && !base) {
      return ColumnError(declaration.name, "found two declarations, expected one");
    }
    place->second.declaration = &declaration;
  }
  return {};
}

}  // namespace

std::string FactorColumnName(std::string_view column) {
  return std::string(kFactorStart) + std::string(column) + ")";
}

std::optional<std::string> FactorColumnBase(std::string_view name) {
  if (!name.starts_with(kFactorStart) || !name.ends_with(")")) return std::nullopt;
  name.remove_prefix(kFactorStart.size());
  name.remove_suffix(1);
  return std::string(name);
}

void SortLevels(std::vector<std::string>& levels) {
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  const bool numbers = std::all_of(levels.begin(), levels.end(), [](const std::string& level) {
    return ParseNumber(level).has_value();
  });
  if (!numbers) return;
  std::stable_sort(levels.begin(), levels.end(), [](const std::string& a, const std::string& b) {
    return *ParseNumber(a) < *ParseNumber(b);
  });
}

std::optional<std::size_t> Schema::Find(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == name) return i;
  }
  return std::nullopt;
}

std::vector<std::string> MixedColumns(std::span<const SiteSchema> sites) {
  std::map<std::string, Gathered> gathered;
  std::vector<std::string> mixed;
  const auto order = Gather(sites, {}, gathered);
  if (!order) return mixed;
  for (const std::string& name : *order) {
    const Gathered& column = gathered.at(name);
    if (TextSite(column) != nullptr && UnlistedSite(column) != nullptr) mixed.push_back(name);
  }
  return mixed;
}

Result<Schema> UnifySchemas(std::span<const SiteSchema> sites,
                            std::span<const ColumnDeclaration> declarations,
                            std::span<const std::string> site_names) {
  if (sites.size() != site_names.size()) {
    return Fail(ErrorCode::kFailed, "sites: found " + std::to_string(sites.size()) +
                                        " descriptions, expected " +
                                        std::to_string(site_names.size()));
  }
  std::map<std::string, Gathered> gathered;
  CLINNOVA_ASSIGN(const std::vector<std::string> order, Gather(sites, site_names, gathered));
  CLINNOVA_TRY(AddDeclarations(declarations, order, gathered));
  Schema schema;
  for (const std::string& name : order) {
    CLINNOVA_ASSIGN(ColumnSchema column, Unify(name, gathered.at(name)));
    schema.columns.push_back(std::move(column));
  }
  std::set<std::string> factors;
  for (const ColumnSchema& column : schema.columns) {
    if (column.kind == ColumnKind::kFactor) factors.insert(column.name);
  }
  std::erase_if(schema.columns, [&](const ColumnSchema& column) {
    const auto base = FactorColumnBase(column.name);
    return base && factors.contains(*base);
  });
  ColumnSchema& site = schema.columns.emplace_back();
  site.name = "site";
  site.kind = ColumnKind::kFactor;
  site.levels.assign(site_names.begin(), site_names.end());
  return schema;
}

Table EmptyTable(const Schema& schema) {
  Table table;
  table.schema = schema;
  table.columns.resize(schema.columns.size());
  return table;
}

}  // namespace clinnova::table
