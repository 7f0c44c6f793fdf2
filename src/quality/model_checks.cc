// SPDX-License-Identifier: Apache-2.0
// Whether the tables and fields of the model are there, of their types, and texts no longer than they may be.
#include "quality/check_maker.h"
#include "store/cdm54.h"

namespace clinnova::quality {
namespace {

/// Nothing is said twice of a table that is not there, or that CDM 5.3 need not have.
std::string WhyNot(const CheckMaker& maker, const store::CdmField& field) {
  const bool is_new = maker.catalogue().new_in_54.contains({field.table, field.name}) ||
                      maker.catalogue().new_in_54.contains({field.table, ""});
  if (maker.shape().is_53 && is_new) return "CDM 5.3 has no such field";
  if (!maker.shape().Has(field.table)) return "there is no table " + std::string(field.table);
  return {};
}

void AddTable(CheckMaker& maker, std::string_view table) {
  Check& check = maker.Add({.kind = "table_present", .table = table});
  if (maker.shape().is_53 && maker.catalogue().new_in_54.contains({table, ""}))
    check.not_applicable = "CDM 5.3 has no such table";
  check.known_numerator = maker.shape().Has(table) ? 0 : 1;
}

void AddField(CheckMaker& maker, const store::CdmField& field) {
  Check& present = maker.Add({.kind = "field_present", .table = field.table, .field = field.name});
  present.not_applicable = WhyNot(maker, field);
  const bool there = maker.shape().Has(field.table, field.name);
  present.known_numerator = there ? 0 : 1;

  Check& type = maker.Add(
      {.kind = "type", .table = field.table, .field = field.name, .argument = field.type});
  if (there) {
    const auto& columns = maker.shape().tables.at(std::string(field.table));
    type.known_numerator = Fits(field.type, columns.at(std::string(field.name))) ? 0 : 1;
  }
}

/// "varchar(50)": at most 50 characters.
void AddLength(CheckMaker& maker, const store::CdmField& field) {
  if (!field.type.starts_with("varchar(") || field.type == "varchar(max)") return;
  const std::string_view limit = field.type.substr(8, field.type.size() - 9);
  Check& check =
      maker.Add({.kind = "length", .table = field.table, .field = field.name, .argument = limit});
  const std::string value = "t." + std::string(field.name);
  maker.OverRows(check, value + " IS NOT NULL", "length(" + value + ") > " + std::string(limit));
  check.count.denominator = "count(" + value + ")";
}

}  // namespace

void AddModelChecks(CheckMaker& maker) {
  std::string_view table;
  for (const store::CdmField& field : store::Cdm54Fields()) {
    if (field.table.starts_with("cohort")) continue;  // results, not the site's data
    if (field.table != table) AddTable(maker, field.table);
    table = field.table;
    AddField(maker, field);
    AddLength(maker, field);
  }
}

}  // namespace clinnova::quality
