// SPDX-License-Identifier: Apache-2.0
// Synthetic patients as a French hospital exports them whose laboratory sends HPRIM Santé: the laboratory's
// values as messages of context ORU, all else as the hospital's CSV (synthetic_csv.h).
//
//   RESULTATS.HPR   ISO-8859-1, CR LF, a message per patient, segments of more than 220 characters go on in A
//
// Source: as in hprim_reader.h.
#pragma once

#include <memory>

#include "intake/synthetic_export.h"

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeHprimWriter(const WriterOptions& options);

}  // namespace clinnova::intake
