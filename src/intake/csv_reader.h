// SPDX-License-Identifier: Apache-2.0
// Reads a CSV export by its mapping (mapping.h) into source records, one pass, constant memory.
//
//   CLINNOVA_ASSIGN(Mapping mapping, Mapping::Load("mappings/ch-csv/labor.toml"));
//   CLINNOVA_TRY(ReadCsv("export/labor.csv", mapping, sink));
//
// What the sink's Reject gets, by rule; the line's other records are read all the same:
//   csv.unclosed_quote, csv.quote, csv.row_length   the line is not well-formed CSV
//   csv.field_count    another number of fields than the header
//   csv.encoding       bytes that are no text in the mapping's encoding
//   patient.missing, id.missing                     a record without identity
//   date.invalid, number.invalid                    a field that does not follow the mapping
#pragma once

#include <filesystem>

#include "intake/mapping.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// Reads one file. An empty field, or one of the mapping's missing words, makes no record.
/// kFailed when the file cannot be read; kInvalidInput when its header lacks a column of the mapping or
/// has it twice, or the file's byte order mark contradicts the mapping's encoding; the sink's own
/// errors are passed on.
Result<void> ReadCsv(const std::filesystem::path& path, const Mapping& mapping, RecordSink& sink);

}  // namespace clinnova::intake
