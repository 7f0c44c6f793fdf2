// SPDX-License-Identifier: Apache-2.0
// The items that several diseases record. Private to the synthetic_items*.cc files.
#pragma once

#include "intake/synthetic_items.h"

namespace clinnova::intake::synthetic {

inline constexpr SyntheticAnswer kSmoking[] = {
    {"SNOMED", "266919005", "Never smoked tobacco", "0", "N", "nie"},
    {"SNOMED", "8517006", "Ex-smoker", "1", "A", "ehemals"},
    {"SNOMED", "449868002", "Smokes tobacco daily", "2", "F", "aktuell"}};

inline constexpr SyntheticItem kCrp{
    .key = "crp",
    .kind = ItemKind::kLaboratory,
    .system = "LOINC",
    .code = "1988-5",
    .decimals = 1,
    .ucum = "mg/L",
    .lu = {.code = "crp"},
    .fr = {.code = "CRP", .label = "Protéine C réactive", .unit = "mg/L"},
    .ch = {.code = "CRP", .label = "C-reaktives Protein", .unit = "mg/L"},
    .de = {.code = "crp", .label = "C-reaktives Protein", .unit = "mg/l"}};
inline constexpr SyntheticItem kHaemoglobin{
    .key = "hb",
    .kind = ItemKind::kLaboratory,
    .system = "LOINC",
    .code = "718-7",
    .decimals = 1,
    .ucum = "g/dL",
    .lu = {.code = "hb"},
    .fr = {.code = "HB", .label = "Hémoglobine", .unit = "g/dL"},
    .ch = {.code = "HB", .label = "Hämoglobin", .unit = "g/L", .shift = 1},
    .de = {.code = "hb", .label = "Hämoglobin", .unit = "g/dl"}};
inline constexpr SyntheticItem kCreatinine{
    .key = "creatinine",
    .kind = ItemKind::kLaboratory,
    .system = "LOINC",
    .code = "14682-9",
    .decimals = 0,
    .ucum = "umol/L",
    .lu = {.code = "creatinine", .unit = "mg/dL", .missing = "ND"},
    .fr = {.code = "CREAT", .label = "Créatinine", .unit = "µmol/L"},
    .ch = {.code = "KREA", .label = "Kreatinin", .unit = "umol/L"},
    .de = {.code = "crea", .label = "Kreatinin", .unit = "µmol/l"}};
inline constexpr SyntheticItem kPriorBiologics{
    .key = "prior_biologics",
    .kind = ItemKind::kAnswer,
    .system = "Clinnova",
    .code = "PRIOR-BIOLOGICS",
    .decimals = 0,
    .ucum = "",
    .lu = {.code = "prior_biologics"},
    .fr = {.code = "NB_BIO_ANTERIEURES"},
    .ch = {.code = "Vorherige_Biologika"},
    .de = {.code = "prior", .label = "Number of biologic or targeted drugs before"}};
inline constexpr SyntheticItem kSmokingStatus{
    .key = "smoking",
    .kind = ItemKind::kAnswer,
    .system = "Clinnova",
    .code = "SMOKING",
    .decimals = 0,
    .ucum = "",
    .lu = {.code = "smoking"},
    .fr = {.code = "TABAC"},
    .ch = {.code = "Raucherstatus"},
    .de = {.code = "smoking", .label = "Tobacco smoking status"},
    .answers = kSmoking};

}  // namespace clinnova::intake::synthetic
