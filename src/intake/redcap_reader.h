// SPDX-License-Identifier: Apache-2.0
// Reads a REDCap project's CSV export with its data dictionary, by a mapping of format "redcap",
// into source records, one pass, constant memory.
//
//   CLINNOVA_ASSIGN(RedcapDictionary dictionary, RedcapDictionary::Load("Project_DataDictionary.csv"));
//   CLINNOVA_TRY(ReadRedcap("Project_DATA.csv", name, mapping, dictionary, sink));
//
// The mapping's columns are the export's: fields, "comorbidity___3" (a box that is ticked is 1, one
// that is not is 0), redcap_event_name, redcap_repeat_instance; and "sex:label" for what the
// dictionary calls a code. Codes may stand in the export as codes or as labels: the mapping sees
// the code. A record rule is for the rows that repeat no instrument, or, with `per`, for those of
// that instrument. The project's codes for missing data stand in the mapping's `missing`. A field
// that the dictionary marks as an identifier is hidden everywhere.
//
// What the sink's Reject gets, by rule; the row's other fields are read all the same:
//   redcap.choice          neither a code nor a label of the field
//   csv.*                  as in csv_reader.h, the whole row
//   and those of record_maker.h.
// Rows of an instrument that the mapping does not use are counted as ignored.
#pragma once

#include <filesystem>
#include <string>

#include "intake/mapping.h"
#include "intake/redcap_dictionary.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// Reads one export; `name` is what records and messages call it. kInvalidInput when the mapping
/// uses a column that neither the export nor the dictionary has, or the export has one twice;
/// kFailed when it cannot be read. The sink's errors are passed on.
Result<void> ReadRedcap(const std::filesystem::path& path, const std::string& name,
                        const Mapping& mapping, const RedcapDictionary& dictionary,
                        RecordSink& sink);

/// The columns of an export's first line, for finding its dictionary. Errors as above.
Result<std::vector<std::string>> RedcapColumns(const std::filesystem::path& path,
                                               const Mapping& mapping);

}  // namespace clinnova::intake
