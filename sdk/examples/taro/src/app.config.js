export default {
  pages: ['pages/chat/chat'],
  window: { navigationBarTitleText: 'hongyan-client', navigationBarTextStyle: 'black' },
}
