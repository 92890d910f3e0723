// Precompiled headers of the test binaries.
#pragma once
#include <gtest/gtest.h>
#include "pch.h"
