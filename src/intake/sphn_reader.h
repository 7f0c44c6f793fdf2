// SPDX-License-Identifier: Apache-2.0
// Reads Swiss SPHN data (RDF in Turtle), by a mapping of format "sphn", into source records: a
// record rule is for each node of a class (per = "LabTestEvent"), its columns are paths of
// predicates ("hasLabTest/hasCode:code"; see sphn_graph.h).
//
//   if (LooksLikeTurtle(first_bytes)) CLINNOVA_TRY(ReadSphn(path, name, mapping, sink));
//
// What the sink's Reject gets, by rule: those of record_maker.h. A node of another class that
// nothing refers to is counted as ignored; so is one of which the mapping makes nothing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "intake/mapping.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// True when `head`, a file's first bytes, begins a Turtle file with prefixes.
bool LooksLikeTurtle(std::string_view head);

/// Reads a file; `name` is what records and messages call it. kInvalidInput where it is no Turtle
/// or ends too early; kFailed when it cannot be read. The sink's errors are passed on.
Result<void> ReadSphn(const std::filesystem::path& path, const std::string& name,
                      const Mapping& mapping, RecordSink& sink);

}  // namespace clinnova::intake
