export type { Readers } from './request.ts';
export { type Studio, type StudioOptions, startStudio } from './studio.ts';
