// SPDX-License-Identifier: Apache-2.0
// Work that can wait, beside work that somebody waits for.
#pragma once

namespace clinnova::core {

/// Lets the calling thread, and every thread that it starts from then on, give way to the machine's other threads
/// where processors are short: by ten steps of `nice`, about a tenth of the time of a thread that does not. Nothing
/// changes where the system knows no such thing of a thread (it is Linux's) or refuses it. Any thread.
void GiveWay();

}  // namespace clinnova::core
