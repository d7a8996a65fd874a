#ifndef RUNTIME_SUM_TERMS_H
#define RUNTIME_SUM_TERMS_H

/* Every long sum is done in parts of as many terms. A part starts from zero and is added to a total, one after the other, so that
 * rounding errors grow with the length of a part and not of the whole. */
enum { SUM_TERMS = 256 };

#endif
