// SPDX-License-Identifier: Apache-2.0
// Synthetic patients as the CSV exports of Luxembourg (eCRF, REDCap), France and Switzerland. The tables are those
// that mappings/<dialect>/ reads; the differences between the dialects are the point:
//
//   lu-ecrf  UTF-8 with byte order mark (treatments.csv: Windows-1252), ";", decimal comma, dd/mm/yyyy, one
//            wide row per visit, sex 1 = female, ICD-10-CM, creatinine mg/dL
//   fr-csv   ISO-8859-1, ";", CR LF, decimal comma, "< 0,6", dd/mm/yyyy, sex 1 = male, CIM-10 without dot,
//            UCD and ATC, long laboratory table, creatinine µmol/L
//   ch-csv   UTF-8, ",", quoted texts, thousands apostrophe, dd.mm.yyyy, männlich/weiblich, Generalkonsent,
//            ICD-10-GM with year, haemoglobin g/L
//   lu-redcap  UTF-8, ",", decimal comma in quotes, yyyy-mm-dd, one file for all events and repeated
//            instruments, -9 for what was not done
#pragma once

#include <memory>

#include "intake/synthetic_export.h"

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeLuxembourgCsvWriter(const WriterOptions& options);
/// Without BIOLOGIE.csv where the laboratory's values come by its own messages.
std::unique_ptr<SyntheticWriter> MakeFrenchCsvWriter(const WriterOptions& options);
std::unique_ptr<SyntheticWriter> MakeSwissCsvWriter(const WriterOptions& options);
/// A REDCap project: one export of all events and instruments, and its data dictionary.
std::unique_ptr<SyntheticWriter> MakeRedcapWriter(const WriterOptions& options);

}  // namespace clinnova::intake
