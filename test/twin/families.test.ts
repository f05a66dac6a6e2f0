import { describeFamily } from './describe-family.ts';
import { families } from './families.ts';

for (const family of families) describeFamily(family);
